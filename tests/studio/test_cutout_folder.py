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
from simd.studio.cutout.steps import Step
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
