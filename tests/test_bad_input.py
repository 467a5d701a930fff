"""Bad input through the command line: it is named with its reason, and the good part is finished."""

import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import BACKGROUNDS, HEIGHT, WIDTH, save, soft_alpha
from PIL import Image
from test_image import png_with_header

from simd.dataset.manifest import load_set
from simd.dataset.verify import verify
from simd.metrics.scores import load_scores

SHAPE = (HEIGHT, WIDTH)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def colour_alpha(path):
    pixels = np.zeros((*SHAPE, 3), np.uint8)
    pixels[..., 0] = soft_alpha()
    save(path, pixels)


def read(path):
    with Image.open(path) as image:
        return np.array(image)


def contents(folder):
    return {p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def build(run_cli, foregrounds, backgrounds, tmp_path):
    """Return a function that builds a set of the tiny folders."""

    def call(*flags):
        places = ("--foregrounds", foregrounds, "--backgrounds", backgrounds, "--any-licence")
        return run_cli("build", tmp_path / "set", *places, *flags)

    return call


# -- foregrounds -----------------------------------------------------------------------------------------

BAD_FOREGROUNDS = {
    "no alpha": ("alpha/fur_cat.png", Path.unlink, "alpha/fur_cat: fg/fur_cat has no partner in alpha/"),
    "no colour": ("fg/fur_cat.png", Path.unlink, "fg/fur_cat: alpha/fur_cat has no partner in fg/"),
    "truncated PNG": ("fg/fur_cat.png", cut, "fg/fur_cat.png: is damaged"),
    "truncated JPEG": ("fg/hair_easy_x.jpg", cut, "fg/hair_easy_x.jpg: is damaged"),
    "truncated alpha": ("alpha/fur_cat.png", cut, "alpha/fur_cat.png: is damaged"),
    "a text": ("fg/fur_cat.png", lambda p: p.write_text("hi"), "fur_cat.png: is not an image: its content"),
    "empty": ("fg/fur_cat.png", lambda p: p.write_bytes(b""), "fur_cat.png: is not an image: the file is"),
    "a bomb": (
        "fg/fur_cat.png",
        lambda p: p.write_bytes(png_with_header(30_000, 30_000)),
        "fg/fur_cat.png: is too large (Image size (900000000 pixels) exceeds limit",
    ),
    "other size": (
        "alpha/fur_cat.png",
        lambda p: save(p, soft_alpha(HEIGHT, WIDTH - 1)),
        "alpha/fur_cat.png is 64 x 79 (H x W); the two must be equal, they are never resized to fit",
    ),
    "colour as alpha": ("alpha/fur_cat.png", colour_alpha, "fur_cat.png: a matte has one channel, this is"),
    "float alpha": (
        "alpha/fur_cat.png",
        lambda p: save(p, soft_alpha().astype(np.float32), format="TIFF"),
        "alpha/fur_cat.png: holds floating-point pixels with values from 0 to 255; a float matte lies in",
    ),
    "alpha 0": (
        "alpha/fur_cat.png",
        lambda p: save(p, np.zeros(SHAPE, np.uint8)),
        "foreground 'fur_cat': its alpha is 0 everywhere: there is no object",
    ),
    "alpha 255": (
        "alpha/fur_cat.png",
        lambda p: save(p, np.full(SHAPE, 255, np.uint8)),
        "foreground 'fur_cat': its alpha is 255 everywhere: there is no background",
    ),
    "binary alpha": (
        "alpha/fur_cat.png",
        lambda p: save(p, np.where(soft_alpha() > 128, 255, 0).astype(np.uint8)),
        "foreground 'fur_cat': its alpha is binary (0 and 255 only), so no pixel is unknown; this is a segm",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_FOREGROUNDS)
def test_a_bad_foreground_is_named_and_the_others_are_built(build, foregrounds, tmp_path, case):
    name, spoil, message = BAD_FOREGROUNDS[case]
    spoil(foregrounds / name)
    done = build()
    assert done.code == 1
    assert done.err.count("\nsimd: 1 of 6 items failed (5 are done):\n  ") == 1
    assert message in done.err
    assert "Traceback" not in done.err
    made = load_set(tmp_path / "set")
    assert len(made) == 5
    assert Path(name).stem not in {row.fg_id for row in made.rows}
    verify(made)


def test_a_mended_foreground_is_added_by_the_same_command(build, foregrounds, tmp_path):
    path = foregrounds / "fg" / "fur_cat.png"
    whole = path.read_bytes()
    cut(path)
    assert build().code == 1
    path.write_bytes(whole)
    assert build().code == 0
    mended = contents(tmp_path / "set")
    (tmp_path / "set").rename(tmp_path / "first")
    assert build().code == 0
    assert mended == contents(tmp_path / "set")


@pytest.mark.parametrize("case", ["16 bits", "16-bit RGB", "RGB"])
def test_a_matte_in_another_form_is_a_matte(build, foregrounds, tmp_path, case):
    wide = soft_alpha().astype(np.uint16) * 257 + np.uint16(100) * (soft_alpha() < 255)  # within half a level
    path = foregrounds / "alpha" / "fur_cat.png"
    if case == "16 bits":
        save(path, wide)
    elif case == "16-bit RGB":
        import cv2

        cv2.imwrite(str(path), np.stack([wide] * 3, axis=2))
    else:
        save(path, np.stack([soft_alpha()] * 3, axis=2))
    assert build().code == 0
    (sample,) = [s for s in load_set(tmp_path / "set") if s.row.fg_id == "fur_cat"]
    np.testing.assert_array_equal(read(sample.path("alpha")), soft_alpha())


def test_names_of_any_letters_are_fine(build, foregrounds, tmp_path):
    for folder, suffix in (("fg", ".png"), ("alpha", ".png")):
        (foregrounds / folder / f"fur_cat{suffix}").rename(
            foregrounds / folder / f"fur_'\u2028\n\x85ü (1).b{suffix}"
        )
    assert build().code == 0
    assert "fur_'\u2028\n\x85ü (1).b" in {row.fg_id for row in load_set(tmp_path / "set").rows}


# -- classes -------------------------------------------------------------------------------------------


def test_an_unknown_class_in_a_csv_file_stops_before_anything_is_built(build, tmp_path):
    table = tmp_path / "classes.csv"
    table.write_text("file,class\nfire_a.png,fire\nfur_cat.png,hair\n")
    done = build("--classes", table)
    assert done.code == 1
    assert done.err == f"simd: {table}:3: unknown class 'hair'; did you mean 'hair_easy' or 'hair_hard'?\n"
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("name", ["glass_x", "smoke_1", "hair_horse"])
def test_a_foreground_without_a_class_is_named(build, foregrounds, tmp_path, name):
    for folder in ("fg", "alpha"):
        (foregrounds / folder / "fur_cat.png").rename(foregrounds / folder / f"{name}.png")
    done = build()
    assert done.code == 1
    assert f"{name}: has no class yet: name one (--class NAME)" in done.err
    assert len(load_set(tmp_path / "set")) == 5


# -- backgrounds, folders ------------------------------------------------------------------------------


def test_a_damaged_background_costs_only_its_own_composites(build, backgrounds, tmp_path):
    cut(backgrounds / "hill.jpg")
    done = build("--per-foreground", 3)
    assert done.code == 1
    assert "6 of 18 items failed (12 are done)" in done.err
    assert f" over 'hill.jpg': {backgrounds / 'hill.jpg'}: is damaged" in done.err
    assert "; and 5 more like it: " in done.err
    made = load_set(tmp_path / "set")
    assert {row.bg_id for row in made.rows} == set(BACKGROUNDS) - {"hill.jpg"}
    verify(made)


def test_a_text_among_backgrounds_is_named(build, backgrounds, tmp_path):
    (backgrounds / "notes.jpg").write_text("not a photograph")
    done = build()
    assert done.code == 1
    assert f"notes.jpg: {backgrounds / 'notes.jpg'}: is not an image" in done.err
    assert len(load_set(tmp_path / "set")) == 6


@pytest.mark.parametrize("flag", ["--foregrounds", "--backgrounds"])
def test_a_missing_folder_is_named(build, tmp_path, flag):
    what = flag.removeprefix("--")
    done = build(flag, tmp_path / "gone")
    assert (done.code, done.err) == (
        1,
        f"simd: {tmp_path / 'gone'}: no such folder; {what} are expected there\n",
    )


@pytest.fixture
def warm_cli(run_cli):
    """Return the command line with everything imported that a build and an index need."""
    run_cli("index", "synthetic:1@64")
    run_cli("build", "gone", "--foregrounds", "gone")
    return run_cli


@pytest.mark.parametrize("command", [("index",), ("build", "set", "--foregrounds")])
def test_a_folder_that_may_not_be_read_is_named(warm_cli, as_nobody, command):
    (as_nobody / "closed").mkdir(mode=0)
    done = warm_cli(*command, as_nobody / "closed")
    assert done.code == 1
    assert done.err.startswith(f"simd: {as_nobody / 'closed'}: cannot be read (Permission denied)")


def test_a_folder_that_may_not_be_written_is_named(warm_cli, as_nobody):
    as_nobody.chmod(0o555)
    done = warm_cli("build", as_nobody / "set", "--foregrounds", "synthetic:1@64")
    assert (done.code, done.out) == (1, "")
    assert done.err == f"simd: {as_nobody / 'set'}: the folder cannot be made (Permission denied)\n"


def test_a_folder_that_is_in_use_is_left_alone(build, tmp_path):
    assert build().code == 0
    before = contents(tmp_path / "set")
    done = build("--seed", 1)
    assert (done.code, done.err) == (
        1,
        f"simd: {tmp_path / 'set'}: already holds a finished set, and this is another one (name: 'exact-0' "
        "is now 'exact-1'; seed: 0 is now 1; 2 ids are new: hair-easy-e8d92631, net-6dd29e65; 2 ids are "
        "gone: hair-easy-47ac03a5, net-7216b187); choose another folder, remove this one, or have the new "
        "one put in its place with --overwrite\n",
    )
    assert contents(tmp_path / "set") == before


def test_an_index_lists_every_problem(run_cli, foregrounds):
    (foregrounds / "alpha" / "fur_cat.png").unlink()
    cut(foregrounds / "fg" / "net-1.png")
    quick, thorough = run_cli("index", foregrounds), run_cli("index", foregrounds, "--decode")
    assert quick.code == thorough.code == 1
    assert "expected 6, found 5, missing 1, extra 0, broken 0" in quick.out
    assert "expected 6, found 4, missing 1, extra 0, broken 1" in thorough.out
    assert "missing alpha/fur_cat: fg/fur_cat has no partner in alpha/" in thorough.out
    assert f"broken net-1: {foregrounds / 'fg/net-1.png'}: is damaged" in thorough.out


@pytest.mark.parametrize(
    ("flags", "code", "message"),
    [
        (("--workers", 0), 2, "Invalid value for '--workers'"),
        (("--wrokers", 2), 2, "No such option"),
        (("--per-foreground", 0), 1, "per-foreground must be at least 1, not 0"),
        (("--max-side", 3), 1, "max-side must be at least 32 pixels, not 3"),
        (("--protocol", "exakt"), 1, "unknown protocol 'exakt'; did you mean 'exact'?"),
    ],
)
def test_wrong_flags_are_told_in_a_line(build, tmp_path, flags, code, message):
    done = build(*flags)
    assert done.code == code
    assert message in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "set").exists()


# -- predictions ---------------------------------------------------------------------------------------

BAD_PREDICTIONS = {
    "missing": (Path.unlink, "{path} is not there"),
    "wrong size": (
        lambda p: save(p, np.zeros((WIDTH, HEIGHT), np.uint8)),
        "{path}: pred (80, 64), alpha (64, 80) and unknown (64, 80) must share one (H, W); resize",
    ),
    "RGB": (colour_alpha, "{path}: a matte has one channel, this is a colour image (channels differ by 255)"),
    "float": (
        lambda p: save(p, np.full(SHAPE, 1.5, np.float32), format="TIFF"),
        "{path}: holds floating-point pixels with values from 1.5 to 1.5; a float matte lies in [0, 1]",
    ),
    "wide": (
        lambda p: save(p, np.full(SHAPE, 70_000, np.int32), format="TIFF"),
        "{path}: holds more than 16 bits a channel; write it as 8 or 16 bits",
    ),
    "truncated": (cut, "{path}: is damaged"),
    "a text": (lambda p: p.write_text("hello"), "{path}: is not an image: its content is not PNG"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_PREDICTIONS)
def test_a_bad_prediction_is_named_and_the_others_are_scored(run_cli, tiny_set, tmp_path, case):
    spoil, message = BAD_PREDICTIONS[case]
    mattes = tmp_path / "mattes"
    for sample in tiny_set:
        save(mattes / f"{sample.row.id}.png", read(sample.path("alpha")))
    path = mattes / f"{tiny_set[4].row.id}.png"
    spoil(path)
    done = run_cli("evaluate", mattes, tiny_set.path, "--out", tmp_path / "scores")
    assert done.code == 1
    assert (
        f"simd: 1 of 6 predictions failed (5 are done):\n  {path.stem}: {message.format(path=path)}"
        in done.err
    )
    assert "Traceback" not in done.err
    scores = load_scores(tmp_path / "scores")
    assert {row.id for row in scores.rows} == {row.id for row in tiny_set.rows} - {path.stem}
    assert list(scores.missing) == [path.stem]


# -- a full disk ---------------------------------------------------------------------------------------


def command(out, foregrounds, backgrounds, *flags):
    places = ["--foregrounds", foregrounds, "--backgrounds", backgrounds, "--any-licence"]
    return [str(word) for word in (sys.executable, "-m", "simd", "build", out, *places, *flags)]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_file_size_limit_ends_the_run_and_the_same_command_goes_on(
    foregrounds, backgrounds, tmp_path, workers
):
    # composites of noise take some 13 kB, mattes less than 2 kB
    words = command(tmp_path / "set", foregrounds, backgrounds, "--workers", workers)
    limited = subprocess.run(
        words,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (6000, resource.RLIM_INFINITY)),
    )
    assert limited.returncode == 1
    assert (
        "cannot be written (File too large); free some space and run the same command again" in limited.stderr
    )
    assert f"simd: {tmp_path / 'set' / 'image'}" in limited.stderr
    assert "Traceback" not in limited.stderr
    assert not (tmp_path / "set" / "dataset.json").exists()
    assert subprocess.run(words, capture_output=True, timeout=120, check=False).returncode == 0
    made = load_set(tmp_path / "set")
    assert len(made) == 6
    verify(made)


@pytest.fixture
def small_disk(tmp_path):
    """Return a disk of 64 kB and a function that makes it larger."""
    disk = tmp_path / "disk"
    disk.mkdir()

    def mount(*options):
        return subprocess.run(["mount", *options, disk], capture_output=True, check=False).returncode

    try:
        refused = mount("-t", "tmpfs", "-o", "size=64k", "tmpfs")
    except FileNotFoundError:
        refused = True
    if refused:
        pytest.skip("mounting a file system is not permitted here")
    yield disk, lambda size: mount("-o", f"remount,size={size}")
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_ends_the_run_and_the_same_command_goes_on(
    run_cli, foregrounds, backgrounds, tmp_path, small_disk
):
    disk, enlarge = small_disk
    places = ("--foregrounds", foregrounds, "--backgrounds", backgrounds, "--any-licence")
    full = run_cli("build", disk / "set", *places)
    assert full.code == 1
    assert re.search(
        r"cannot be written \(No space left on device\); it takes [\d.]+ \w+, [\d.]+ \w+ are free, "
        r"[\d.]+ \w+ are missing; free some space and run the same command",
        full.err,
    )
    assert "Traceback" not in full.err
    assert enlarge("4m") == 0
    assert run_cli("build", disk / "set", *places).code == 0
    assert run_cli("build", tmp_path / "whole", *places).code == 0
    assert contents(disk / "set") == contents(tmp_path / "whole")


# -- Ctrl-C --------------------------------------------------------------------------------------------


def wait_until(true, process):
    end = time.monotonic() + 60
    while not true():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.002)


@pytest.mark.slow
def test_an_interrupted_build_is_finished_by_the_same_command(backgrounds, run_cli, tmp_path):
    many, out = tmp_path / "many", tmp_path / "set"
    for i in range(30):
        noise = np.random.default_rng(i).integers(0, 256, (300, 320, 3), dtype=np.uint8)
        save(many / "fg" / f"fur_{i}.png", noise, compress_level=1)
        save(many / "alpha" / f"fur_{i}.png", soft_alpha(300, 320, seed=i))
    flags = ("--per-foreground", 10, "--workers", 2)
    words = command(out, many, backgrounds, *flags)
    rows = out / ".build" / "rows.jsonl"
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background inherits "ignore"
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        wait_until(lambda: rows.is_file() and rows.stat().st_size > 0, process)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes of the command
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert not (out / "dataset.json").exists()
    noted = rows.read_text().count("\n")
    assert 0 < noted < 300

    finished = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert finished.returncode == 0
    assert f"composites: {noted} of 300 were already done" in finished.stderr
    whole = run_cli(
        "build",
        tmp_path / "whole",
        "--foregrounds",
        many,
        "--backgrounds",
        backgrounds,
        "--any-licence",
        *flags[:2],
    )
    assert whole.code == 0
    assert contents(out) == contents(tmp_path / "whole")


def test_a_name_that_no_disk_takes_is_called_too_long(run_cli, tiny_set):
    done = run_cli("evaluate", tiny_set.path / "alpha", tiny_set.path, "--out", "x" * 300)
    assert (done.code, "cannot be made (File name too long)" in done.err) == (1, True)
    done = run_cli("index", "x" * 300)
    assert (done.code, "File name too long" in done.err) == (1, True)
