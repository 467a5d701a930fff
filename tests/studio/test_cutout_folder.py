"""Whatever moment the server is killed at: layers are old or new, and no answered step is lost."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from cutout_page import BOX, brush, write_photographs

from simd.errors import DataError
from simd.image import read_alpha
from simd.studio.cutout.folder import make_cutouts_folder, write_layers
from simd.studio.cutout.session import Cutouts
from simd.studio.cutout.steps import Cleanup, Step
from simd.studio.cutout.work import Work
from simd.trimap import read_trimap

LAYERS = ("fg/a.png", "alpha/a.png", "trimap/a.png", "strokes/a.json")


class Killed(BaseException):
    """What a kill is for the rest of a call."""


def content(folder):
    return {name: (folder / name).read_bytes() for name in LAYERS if (folder / name).is_file()}


@pytest.mark.parametrize("at", range(5))
def test_layers_are_all_old_or_all_new(tmp_path, monkeypatch, at):
    old, new = ({name: f"{name} {age}".encode() for name in LAYERS} for age in ("old", "new"))
    make_cutouts_folder(tmp_path)
    write_layers(tmp_path, "a", old)
    replace, calls = Path.replace, []

    def killed(self, target):
        calls.append(target)
        if len(calls) > at:
            raise Killed
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with contextlib.suppress(Killed):
            write_layers(tmp_path, "a", new)
    make_cutouts_folder(tmp_path)
    assert content(tmp_path) == (
        old if at == 0 else new
    )  # the first is that of the file that says "complete"
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != ".cutouts.json") == [
        *("alpha", "fg", "strokes", "trimap")
    ]


SERVER = """
    import sys
    from pathlib import Path
    from simd.studio.cutout.session import Cutouts
    from simd.studio.cutout.steps import Step
    import json
    cutouts = Cutouts(Path(sys.argv[1]), [Path(sys.argv[2])])
    for line in sys.stdin:
        revision = cutouts.state(0)["revision"]
        step = Step.from_json(json.loads(line))
        state = cutouts.change(0, revision, lambda work: work.draw(step)).state
        print(state["revision"], flush=True)
"""


def test_a_killed_server_loses_no_answered_step(tmp_path):
    """SIGKILL right after an answer, when the layers of that step are not written yet."""
    photos = write_photographs(tmp_path / "photos", 1)
    out = tmp_path / "out"
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SERVER), str(out), str(photos[0])],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        for step in (BOX, brush("erase", (40, 50), (50, 60)), brush("fine", (48, 33))):
            server.stdin.write(json.dumps(step) + "\n")
            server.stdin.flush()
            revision = server.stdout.readline().strip()
        os.kill(server.pid, signal.SIGKILL)
    assert not (out / "strokes" / "photo-0.json").exists() or (out / ".drawn" / "photo-0.json").exists()
    with Cutouts(out) as cutouts:
        state = cutouts.saved(0)
        assert (state["revision"], state["strokes"], state["written"]) == (revision, 3, True)
        with cutouts.opened(0) as work:
            alpha, trimap = work.alpha, work.trimap
    assert np.array_equal(read_alpha(out / "alpha" / "photo-0.png"), alpha)
    assert np.array_equal(read_trimap(out / "trimap" / "photo-0.png"), trimap)
    assert not (out / ".drawn").exists()


def test_a_record_that_was_changed_is_named_and_left(tmp_path):
    photos = write_photographs(tmp_path / "photos", 2)
    out = tmp_path / "out"
    with Cutouts(out, photos) as cutouts:
        for number in (0, 1):
            revision = cutouts.state(number)["revision"]
            cutouts.change(number, revision, lambda work: work.draw(Step.from_json(BOX)))
            cutouts.saved(number)
    record = out / "strokes" / "photo-0.json"
    record.write_text(record.read_text().replace('"estimate"', '"invented"'))
    other = out / "trimap" / "photo-1.png"
    other.write_bytes((out / "alpha" / "photo-1.png").read_bytes())
    with Cutouts(out) as cutouts:
        assert [row["state"] for row in cutouts.overview()["pictures"]] == ["broken", "work"]
        with pytest.raises(DataError, match=r"photo-0.json: hidden must be one of estimate, zero"):
            cutouts.state(0)
        with pytest.raises(DataError, match=r"a trimap holds 0, 128 \(unknown\) and 255 only"):
            cutouts.state(1)
    assert '"invented"' in record.read_text()


@pytest.mark.parametrize("layer", ["image", "fg", "alpha", "trimap"])
def test_a_layer_that_lies_there_keeps_its_id(tmp_path, layer):
    photo = write_photographs(tmp_path / "photos", 1)[0].read_bytes()
    with Cutouts(tmp_path / "out") as cutouts:
        (cutouts.out / layer).mkdir()
        (cutouts.out / layer / "cat.png").write_bytes(b"mine")
        assert cutouts.add("cat.png", photo)["id"] == "cat-2"
    (cutouts.out / ".waiting" / "cat-2.png").rename(cutouts.out / ".waiting" / "cat.png")
    with Cutouts(tmp_path / "out") as cutouts:
        assert [picture.id for picture in cutouts.pictures] == ["cat-2"]
    assert (cutouts.out / ".waiting" / "cat-2.png").read_bytes() == photo
    assert (cutouts.out / layer / "cat.png").read_bytes() == b"mine"


def test_a_picture_that_has_changed_is_named_and_its_cutout_left(tmp_path):
    photos = write_photographs(tmp_path / "photos", 2)
    out = tmp_path / "out"
    with Cutouts(out, photos[:1]) as cutouts:
        revision = cutouts.state(0)["revision"]
        cutouts.change(0, revision, lambda work: work.draw(Step.from_json(BOX)))
    (out / "image" / "photo-0.png").write_bytes(photos[1].read_bytes())  # of the same size
    with Cutouts(out) as cutouts:
        with pytest.raises(DataError, match=r"photo-0\.png: has changed since it was cut out; put the"):
            cutouts.state(0)
        assert cutouts.overview()["pictures"][0]["state"] == "broken"


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "fg").mkdir()
    photos = write_photographs(tmp_path / "fg")
    with pytest.raises(DataError, match="name another folder"):
        Cutouts(tmp_path, photos)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fg"]


def ways(cutouts, number=0):
    with cutouts.opened(number) as work:
        return [facts[1:] for facts in (*work.way().back, work.facts, *reversed(work.way().forth))]


def take(cutouts, step, number=0):
    cutouts.change(number, cutouts.state(number)["revision"], step)


def draw(cutouts, row, number=0):
    take(cutouts, lambda work: work.draw(Step.from_json(row)), number)


def draw_six(cutouts):
    """Draw, clean up and find, and go two steps back."""
    draw(cutouts, BOX)
    draw(cutouts, brush("erase", (40, 50), (50, 60)))
    take(cutouts, lambda work: work.clean(Cleanup(black=0.1)))
    take(cutouts, Work.find)
    draw(cutouts, brush("fine", (48, 33)))
    draw(cutouts, brush("select", (48, 60)))
    take(cutouts, Work.undo)
    take(cutouts, Work.undo)


def planes(cutouts, step, count):
    """Return the trimap and matte after each of some steps."""
    states = []
    for _ in range(count):
        take(cutouts, step)
        with cutouts.opened(0) as work:
            states.append((work.trimap, work.alpha))
    return states


def equal(states, others):
    return all(
        np.array_equal(trimap, other) and np.abs(alpha.astype(int) - before).max() <= 1
        for (trimap, alpha), (other, before) in zip(states, others, strict=True)
    )


@pytest.mark.parametrize("how", ["evicted", "closed", "killed"])
def test_undo_and_redo_outlive_memory_and_the_server(tmp_path, monkeypatch, how):
    photos = write_photographs(tmp_path / "photos", 2)
    out = tmp_path / "out"
    with Cutouts(out, photos, memory=1) as cutouts:
        draw_six(cutouts)
        expected = ways(cutouts)
        assert [cutouts.state(0)[name] for name in ("undo", "redo")] == [4, 2]
        forth = planes(cutouts, Work.redo, 2)
        back = planes(cutouts, Work.undo, 6)
        planes(cutouts, Work.redo, 4)
        if how == "killed":  # after the line of the way, before the step is kept
            monkeypatch.setattr(cutouts._saver, "keep", raising(Killed))
            monkeypatch.setattr("simd.studio.cutout.session.forget_way", lambda *_: None)
            with contextlib.suppress(Killed):
                draw(cutouts, brush("erase", (70, 70)))
            monkeypatch.undo()
        if how == "evicted":
            cutouts.state(1)
            assert list(cutouts._opened) == [1]
            check_way(cutouts, expected, forth, back)
    if how != "evicted":
        with Cutouts(out, photos) as cutouts:
            check_way(cutouts, expected, forth, back)


def check_way(cutouts, expected, forth, back):
    state = cutouts.state(0)
    assert (state["undo"], state["redo"], ways(cutouts)) == (4, 2, expected)
    assert equal(planes(cutouts, Work.redo, 2), forth)
    assert equal(planes(cutouts, Work.undo, 6), back)
    assert cutouts.state(0)["undo"] == 0
    draw(cutouts, BOX)
    assert (cutouts.state(0)["undo"], cutouts.state(0)["redo"]) == (1, 0)


def raising(error):
    def fail(*_):
        raise error

    return fail


def test_a_way_that_is_torn_or_of_another_cutout_is_not_gone_back(tmp_path):
    photos = write_photographs(tmp_path / "photos", 1)
    out, way = tmp_path / "out", tmp_path / "out" / ".history" / "photo-0.jsonl"
    with Cutouts(out, photos) as cutouts:
        draw_six(cutouts)
    whole = way.read_text()
    first, *others = whole.splitlines(keepends=True)
    texts = {
        **dict.fromkeys((whole, whole + '{"do": "un', whole + "[]\n", whole + '{"do": "redo"}\n'), 4),
        **dict.fromkeys((first + "".join(others[:2]), first + "{}\n" + "".join(others), "", "\udcff"), 0),
    }
    for text, undo in texts.items():
        way.write_text(text, errors="surrogateescape")
        with Cutouts(out) as cutouts:
            assert cutouts.state(0)["undo"] == undo, text[-40:]
    way.write_text(first.replace('"trimap": "', '"trimap": "AAAA') + "".join(others))
    with Cutouts(out) as cutouts:
        planes(cutouts, Work.undo, 3)
        with pytest.raises(DataError, match="kept of this step is damaged"):
            take(cutouts, Work.undo)
        assert cutouts.state(0)["undo"] == 1


def test_a_long_way_keeps_its_latest_steps(tmp_path, monkeypatch):
    photos = write_photographs(tmp_path / "photos", 1)
    with Cutouts(tmp_path / "out", photos) as cutouts:
        draw(cutouts, BOX)
        monkeypatch.setattr("simd.studio.cutout.history._MOST", 6000)
        for k in range(30):
            draw(cutouts, brush("erase", (20 + k, 30)))
        assert cutouts.state(0)["undo"] == 31
        assert (tmp_path / "out" / ".history" / "photo-0.jsonl").stat().st_size < 9000
        del cutouts._opened[0]
        assert 3 < cutouts.state(0)["undo"] < 31
        take(cutouts, Work.undo)
        assert cutouts.state(0)["strokes"] == 30


def test_a_new_picture_does_not_go_the_way_of_an_earlier_one(tmp_path):
    photos = write_photographs(tmp_path / "photos", 1)
    with Cutouts(tmp_path / "out", photos) as cutouts:
        draw_six(cutouts)
        cutouts.saved(0)
    for layer in ("fg", "alpha", "trimap", "image", "strokes"):
        next((tmp_path / "out" / layer).iterdir()).unlink()
    with Cutouts(tmp_path / "out", photos) as cutouts:
        assert cutouts.state(0)["undo"] == 0
        draw(cutouts, BOX)
        del cutouts._opened[0]
        assert cutouts.state(0)["undo"] == 1
