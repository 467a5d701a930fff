"""Given again, a command leaves what is finished alone, says what differs, and replaces it on request."""

import os
import shutil

import numpy as np
import pytest
from conftest import save, soft_alpha
from PIL import Image

import simd.dataset.resumable_writing as writing
import simd.replacing
from simd.dataset.manifest import load_set
from simd.dataset.verify import verify


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def build(run_cli, foregrounds, backgrounds, tmp_path):
    def call(*more, out="set"):
        of = ("--foregrounds", foregrounds, "--backgrounds", backgrounds, "--any-licence", "--workers", 1)
        return run_cli("build", tmp_path / out, *of, *more)

    assert call().code == 0
    return call


def test_the_same_build_again_does_nothing(build, tmp_path):
    before = contents(tmp_path / "set")
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "set").rglob("*.png")}
    done = build()
    assert done.code == 0
    assert f"{tmp_path / 'set'}: holds this set already, as planned; nothing is made again" in done.err
    assert f"digest {load_set(tmp_path / 'set').digest}" in done.out
    assert contents(tmp_path / "set") == before
    assert times == {path: path.stat().st_mtime_ns for path in times}


@pytest.mark.parametrize(
    ("more", "difference"),
    [
        (("--name", "mine"), "name: 'exact-0' is now 'mine'"),
        (("--seed", 1), "seed: 0 is now 1"),
        (("--protocol", "simd-2021"), "protocol: 'exact' is now 'simd-2021'"),
        (("--per-foreground", 2), "6 ids are new: "),
        (("--licence", "CC0-1.0"), "licence of 6, as "),
        (("--background-licence", "CC0-1.0"), "background-licence of 6, as "),
        (("--trimap-radius", 5), "trimap_radius of 6, as "),
        (("--unpremultiply",), "unpremultiply of 6, as "),
        (("--max-side", 40), "1 would come out otherwise: "),
    ],
)
def test_another_build_is_refused_with_what_differs(build, tmp_path, more, difference):
    before = contents(tmp_path / "set")
    done = build(*more)
    assert (done.code, done.out) == (1, "")
    assert "already holds a finished set, and this is another one (" in done.err
    assert difference in done.err
    assert "--overwrite" in done.err
    assert contents(tmp_path / "set") == before


def test_a_set_of_which_the_larger_were_reduced_shows_a_larger_side(build, foregrounds, tmp_path):
    large = np.asarray(Image.fromarray(soft_alpha()).resize((160, 128)))
    save(foregrounds / "alpha" / "net-1.png", large)
    save(foregrounds / "fg" / "net-1.png", np.full((128, 160, 3), 99, np.uint8))
    assert build("--max-side", 80, out="small").code == 0  # one is reduced to 80, the others have that side
    assert build("--max-side", 80, out="small").code == 0
    assert "would come out otherwise" in build("--max-side", 120, out="small").err


def test_a_source_that_has_changed_is_seen(build, foregrounds, tmp_path):
    matte = foregrounds / "alpha" / "fur_cat.png"
    os.utime(matte)  # newer, and the same
    assert build().code == 0
    save(matte, 255 - soft_alpha())
    done = build()
    assert done.code == 1
    assert "1 would come out otherwise: fur-" in done.err
    assert f"for {matte} changed since" in done.err
    assert build("--overwrite").code == 0
    assert build().code == 0


def test_a_build_over_another_puts_the_new_one_in_its_place(build, tmp_path):
    assert build("--per-foreground", 2, "--overwrite").code == 0
    assert build("--per-foreground", 2, out="other").code == 0
    assert contents(tmp_path / "set") == contents(tmp_path / "other")
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]
    verify(tmp_path / "set")


def test_the_old_set_stays_until_the_new_one_is_complete(build, tmp_path, monkeypatch):
    before = contents(tmp_path / "set")

    def stop(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(writing, "take_place", stop)
        assert build("--seed", 1, "--overwrite").code == 130
    assert contents(tmp_path / "set") == before
    assert (tmp_path / ".set.replacing").is_dir()
    assert build("--seed", 1, "--overwrite").code == 0
    assert load_set(tmp_path / "set").info["seed"] == 1
    assert not (tmp_path / ".set.replacing").exists()


@pytest.mark.parametrize("renamings", [1, 2])
def test_a_kill_between_two_renamings_leaves_one_whole_set(build, tmp_path, monkeypatch, renamings):
    old, rename, flush = contents(tmp_path / "set"), simd.replacing.Path.rename, simd.replacing.flush_disks
    flushed = []

    def killed_after(path, target):
        rename(path, target)
        raise KeyboardInterrupt

    def killed_at_the_second():
        flushed.append(flush())
        if len(flushed) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if renamings == 1:
            patch.setattr(simd.replacing.Path, "rename", killed_after)
        else:
            patch.setattr(simd.replacing, "flush_disks", killed_at_the_second)
        assert build("--name", "mine", "--overwrite").code == 130
    assert (tmp_path / "set").exists() == (renamings == 2)
    done = build() if renamings == 1 else build("--name", "mine")
    assert done.code == 0, done.err
    assert (contents(tmp_path / "set") == old) == (renamings == 1)
    assert not (tmp_path / ".set.replaced").exists()


@pytest.mark.parametrize("strange", ["notes.txt", "alpha/mine.png"])
def test_what_no_build_has_written_is_never_replaced(build, tmp_path, strange):
    (tmp_path / "set" / strange).write_text("mine")
    before = contents(tmp_path / "set")
    done = build("--seed", 1, "--overwrite")
    assert done.code == 1
    assert f"holds what is not of the set, {strange}; it is left as it is" in done.err
    assert contents(tmp_path / "set") == before


def test_overwrite_replaces_sets_alone(build, tmp_path):
    (tmp_path / "photographs").mkdir()
    (tmp_path / "photographs" / "a.txt").write_text("mine")
    assert "is not an empty folder" in build("--overwrite", out="photographs").err
    (tmp_path / "link").symlink_to(tmp_path / "set")
    done = build("--overwrite", out="link")
    assert done.code == 1
    assert "is a link, which --overwrite leaves alone" in done.err
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "dataset.json").write_text("{}")
    assert "--overwrite replaces what is surely a set" in build("--overwrite", out="broken").err


def test_an_unfinished_build_with_other_settings_can_be_overwritten(build, foregrounds, tmp_path):
    shutil.copytree(foregrounds, tmp_path / "whole")
    (foregrounds / "alpha" / "net-1.png").unlink()
    assert build(out="second").code == 1  # one foreground lacks its matte
    shutil.copytree(tmp_path / "whole", foregrounds, dirs_exist_ok=True)
    assert "unfinished run with other settings" in build("--seed", 1, out="second").err
    assert build("--seed", 1, "--overwrite", out="second").code == 0
    assert load_set(tmp_path / "second").info["seed"] == 1


# -- import ----------------------------------------------------------------------------------------------


@pytest.fixture
def imported(run_cli, tmp_path):
    for seed in range(3):
        save(tmp_path / "AIM-500" / "original" / f"o_{seed:08d}.jpg", np.full((64, 80, 3), 90, np.uint8))
        save(tmp_path / "AIM-500" / "mask" / f"o_{seed:08d}.png", soft_alpha(seed=seed))
        save(tmp_path / "AIM-500" / "trimap" / f"o_{seed:08d}.png", np.full((64, 80), 128, np.uint8))

    def call(*more):
        return run_cli("import", tmp_path / "AIM-500", tmp_path / "set", "--workers", 1, *more)

    assert call("--class", "fur").code == 0
    return call


def test_the_same_import_again_does_nothing_and_another_says_what_differs(imported, tmp_path):
    before = contents(tmp_path / "set")
    again = imported("--class", "fur")
    assert again.code == 0
    assert "holds this set already, as planned; nothing is made again" in again.err
    named = imported("--class", "fur", "--name", "mine")
    assert named.code == 1
    assert "name: 'aim-500' is now 'mine'" in named.err
    assert "3 ids are new: leaf-" in imported("--class", "leaf").err
    assert contents(tmp_path / "set") == before
    save(tmp_path / "AIM-500" / "mask" / "o_00000001.png", 255 - soft_alpha(seed=1))
    changed = imported("--class", "fur")
    assert changed.code == 1
    assert "o_00000001.png changed since" in changed.err
    assert imported("--class", "fur", "--overwrite").code == 0
    assert imported("--class", "fur").code == 0
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


# -- predict ---------------------------------------------------------------------------------------------


def test_mattes_of_another_method_are_replaced_on_request(run_cli, tiny_set, tmp_path):
    def predict(method, *more):
        return run_cli(
            *("predict", method, tiny_set.path, "--out", tmp_path / "mattes", "--workers", 1), *more
        )

    assert predict("trimap").code == 0
    before = contents(tmp_path / "mattes")
    refused = predict("closed-form")
    assert refused.code == 1
    assert "have these put in their place with --overwrite" in refused.err
    assert contents(tmp_path / "mattes") == before
    (tmp_path / "mattes" / "notes.txt").write_text("mine")
    assert "holds what is not of its run, as notes.txt" in predict("closed-form", "--overwrite").err
    (tmp_path / "mattes" / "notes.txt").unlink()
    save(tmp_path / "mattes" / "mine.png", soft_alpha())
    assert "7 mattes where 6 were made" in predict("closed-form", "--overwrite").err
    (tmp_path / "mattes" / "mine.png").unlink()
    assert predict("closed-form", "--overwrite").code == 0
    assert "closed-form" in (tmp_path / "mattes" / "run.json").read_text()
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_mattes_of_another_program_are_never_replaced(run_cli, tiny_set, tmp_path):
    shutil.copytree(tiny_set.path / "alpha", tmp_path / "mattes")
    (tmp_path / "mattes" / "run.json").write_text('{"method": "mine"}')
    before = contents(tmp_path / "mattes")
    done = run_cli("predict", "trimap", tiny_set.path, "--out", tmp_path / "mattes", "--overwrite")
    assert done.code == 1
    assert "its run.json is not of simd predict" in done.err
    assert contents(tmp_path / "mattes") == before
