"""Messages give the reason that is true, and advice that works when it is followed."""

import json
import os
import re
import shlex

import numpy as np
import pytest
from conftest import save, soft_alpha
from PIL import Image

from simd.dataset.manifest import load_set

ADVISED = re.compile(r"`?(simd (?:[a-z-]+ ?)+(?:--[a-z-]+ )?[^\s;,`]*)")


def test_an_alpha_in_a_format_that_is_not_read_is_said_to_be_there(foregrounds, run_cli):
    path = foregrounds / "alpha" / "fur_cat.png"
    with Image.open(path) as image:
        image.save(path.with_suffix(".gif"))
    path.unlink()
    done = run_cli("index", foregrounds)
    assert (
        "missing alpha/fur_cat: fg/fur_cat has no partner in alpha/ that is read; "
        "fur_cat.gif is not an image of a format that is"
    ) in done.out


def test_the_same_in_a_declared_layout(tmp_path, run_cli):
    save(tmp_path / "original" / "o_1.jpg", np.zeros((40, 40, 3), np.uint8))
    save(tmp_path / "mask" / "o_1.gif", soft_alpha(40, 40))
    save(tmp_path / "mask" / "o_2.png", soft_alpha(40, 40))
    done = run_cli("index", tmp_path, "--kind", "aim-500")
    assert "missing o_1: original/o_1.jpg has no partner in mask/ that is read; o_1.gif is not" in done.out
    assert "missing o_2: mask/o_2.png has no partner in original/\n" in done.out


def test_a_selection_that_keeps_nothing_is_the_reason(foregrounds, backgrounds, tmp_path, run_cli):
    path = tmp_path / "kept.jsonl"
    path.write_text(json.dumps({"id": "fur_cat", "keep": False}) + "\n")
    of = ("--foregrounds", foregrounds, "--backgrounds", backgrounds, "--any-licence", "--selection", path)
    done = run_cli("build", tmp_path / "set", *of)
    assert done.code == 1
    assert done.err == f"simd: {path}: keeps no foreground; its page says why each was dropped\n"


def test_foregrounds_of_which_none_can_be_used_are_each_named(foregrounds, backgrounds, tmp_path, run_cli):
    for path in (foregrounds / "alpha").iterdir():
        path.unlink()
    of = ("--foregrounds", foregrounds, "--backgrounds", backgrounds, "--any-licence")
    done = run_cli("build", tmp_path / "set", *of)
    assert done.code == 1
    assert "6 of 6 items failed (0 are done)" in done.err
    (line,) = [line for line in done.err.splitlines() if "has no partner in alpha/" in line]
    assert all(f"alpha/{name}" in line for name in ("fire_a", "fur_cat", "hair_easy_x", "leaf 2", "net-1"))
    assert "alpha/plant_tree3" in line


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.mkdir(), "is not a file; name the checkpoint itself"),
        (lambda path: path.touch(), "the file is empty"),
        (lambda path: None, "no such file"),
    ],
)
def test_a_checkpoint_that_is_none_is_called_what_it_is(make, reason, tmp_path, run_cli):
    pytest.importorskip("torch")
    path = tmp_path / "a.pth"
    make(path)
    done = run_cli("weights", "import", path, "--out", tmp_path / "weights")
    assert (done.code, done.err) == (1, f"simd: {path}: {reason}\n")


def test_predictions_that_belong_to_nothing_may_be_taken_out(tiny_set, tmp_path, run_cli):
    mattes = tmp_path / "mattes"
    for sample in tiny_set:
        save(mattes / f"{sample.row.id}.png", sample.alpha)
    stranger = save(mattes / "stranger.png", soft_alpha())
    words = ("evaluate", mattes, tiny_set.path, "--out", tmp_path / "scores")
    done = run_cli(*words)
    assert done.code == 1
    assert "stranger.png; name them as their images, or take them out of the folder" in done.err
    stranger.unlink()
    assert run_cli(*words).code == 0


# -- advice is followed ----------------------------------------------------------------------------------


def follow(text, run_cli, **values):
    """Run the command that a message advises, words in capitals replaced."""
    advised = [match.strip() for match in ADVISED.findall(text)]
    assert advised, text
    words = shlex.split(advised[-1])[1:]
    return run_cli(*(values.get(word, word) for word in words))


def test_what_an_unknown_licence_is_told_to_do_works(foregrounds, backgrounds, tmp_path, run_cli):
    of = ("build", tmp_path / "set", "--foregrounds", foregrounds, "--backgrounds", backgrounds)
    done = run_cli(*of)
    assert done.code == 1
    option = re.search(r"state it with (--[a-z-]+) TEXT, or build without it: (--[a-z-]+)", done.err)
    assert run_cli(*of, option[1], "own", "--background-licence", "own").code == 0
    assert {row.licence for row in load_set(tmp_path / "set").rows} == {"own"}
    assert run_cli("build", tmp_path / "other", *of[2:], option[2]).code == 0


def test_a_damaged_layer_is_listed_by_the_command_that_is_named(tiny_set, tmp_path, run_cli):
    path = tiny_set[0].path("alpha")
    save(path, 255 - soft_alpha())
    done = run_cli("stats", tiny_set.path, "--out", tmp_path / "stats")
    assert done.code == 1
    listed = follow(done.err, run_cli)
    assert listed.code == 1
    assert f"alpha/{path.name}: its pixels are not those that were built" in listed.err


def test_foregrounds_without_a_class_find_it_in_the_file_that_is_asked_for(foregrounds, tmp_path, run_cli):
    for layer in ("fg", "alpha"):
        (foregrounds / layer / "fur_cat.png").rename(foregrounds / layer / "cat.png")
    done = run_cli("index", foregrounds)
    assert "1 have no class yet" in done.out
    assert "fill in a CSV file (--write-classes FILE)" in done.out
    table = tmp_path / "table.csv"
    table.write_text("file,class\ncat,fur\n")
    assert run_cli("index", foregrounds, "--classes", table).code == 0


# -- what is not a file ----------------------------------------------------------------------------------


def strange(folder):
    """Put beside the images of a folder what is named like one and is none; return how each is called."""
    (folder / "a.png").symlink_to("nowhere")
    (folder / "b.png").mkdir()
    os.mkfifo(folder / "c.png")
    (folder / "d").symlink_to(folder.parent, target_is_directory=True)
    return {
        "a.png": "is a link to nowhere; put the file there, or remove the link",
        "b.png": "is a folder; images are files",
        "c.png": "is a pipe, a socket or a device; only files are opened",
        "d": "is a link to a folder, which is not followed; images are files",
    }


def test_what_is_not_a_file_is_named_among_photographs(backgrounds, foregrounds, tmp_path, run_cli):
    reasons = strange(backgrounds)
    done = run_cli("index", backgrounds)
    assert done.code == 1
    assert "expected 7, found 3, missing 0, extra 0, broken 4" in done.out
    of = ("--foregrounds", foregrounds, "--backgrounds", backgrounds, "--any-licence")
    built = run_cli("build", tmp_path / "set", *of)
    assert built.code == 1
    assert len(load_set(tmp_path / "set")) == 6
    for name, reason in reasons.items():
        assert f"broken {name}: {backgrounds / name}: {reason}" in done.out
        assert f"{name}: {backgrounds / name}: {reason}" in built.err


def test_what_is_not_a_file_is_named_among_cutouts(tmp_path, run_cli):
    rgba = np.dstack([np.zeros((64, 80, 3), np.uint8), soft_alpha()])
    save(tmp_path / "cut" / "fur_1.png", rgba)
    reasons = strange(tmp_path / "cut")
    done = run_cli("index", tmp_path / "cut", "--kind", "rgba")
    assert done.code == 1
    for name, reason in reasons.items():
        assert f"broken {name}: {tmp_path / 'cut' / name}: {reason}" in done.out


def test_a_partner_that_is_not_a_file_is_called_what_it_is(foregrounds, run_cli):
    for name, make in (
        ("fur_cat", lambda path: path.symlink_to("nowhere")),
        ("fire_a", lambda path: path.mkdir()),
        ("net-1", os.mkfifo),
    ):
        (foregrounds / "alpha" / f"{name}.png").unlink()
        make(foregrounds / "alpha" / f"{name}.png")
    done = run_cli("index", foregrounds)
    assert done.code == 1
    for name, reason in (
        ("fur_cat", "is a link to nowhere"),
        ("fire_a", "is a folder"),
        ("net-1", "is a pipe, a socket or a device"),
    ):
        assert f"fg/{name} has no partner in alpha/ that is read; {name}.png {reason}" in done.out
