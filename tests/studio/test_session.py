import logging
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import save, soft_alpha
from tagging_page import Client, brush, propose_halves

from simd.errors import DataError
from simd.studio.refusals import ReadOnlyError, StaleError
from simd.studio.serve import served
from simd.studio.tagging.folder import default_folder
from simd.studio.tagging.mask_editing import Work
from simd.studio.tagging.session import Tagging
from simd.tagging.annotation import Stroke
from simd.tagging.annotation_files import annotation_path, read_annotation, write_annotation
from simd.taxonomy import CLASSES

BOX = Stroke(kind="box", class_="fur", points=((0, 0), (63, 79)))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "annotations"


@pytest.fixture
def tagging(foregrounds, folder):
    return Tagging(str(foregrounds), folder, annotator="somebody")


def draw(tagging, number=0, stroke=BOX, **options):
    revision = tagging.state(number)["revision"]
    return tagging.change(number, revision, lambda work: work.draw(stroke), **options)


def stored(tagging, number=0):
    return read_annotation(annotation_path(tagging.annotations, tagging.foregrounds[number].id))


def test_every_step_lies_on_disk_when_it_is_answered(tagging, folder):
    assert not folder.exists()
    state = draw(tagging, seconds=2.5)
    annotation, mask = stored(tagging)
    with tagging.opened(0) as work:
        assert np.array_equal(mask, work.class_mask)
    assert annotation.strokes == (BOX,)
    assert annotation.confidence == {"fur": 1.0}
    assert (annotation.review, annotation.annotator, annotation.seconds) == ("started", "somebody", 2.5)
    assert (state["review"], state["classes"], state["strokes"]) == ("started", ["fur"], 1)
    assert sorted(p.suffix for p in folder.iterdir()) == [".json", ".png"]


def test_another_program_goes_on_where_this_one_stopped(tagging, foregrounds, folder):
    before = draw(tagging)
    again = Tagging(str(foregrounds), folder)
    assert again.state(0)["revision"] == before["revision"]
    after = draw(again, stroke=replace(BOX, class_="net"), seconds=4)
    assert after["seconds"] == 4
    assert stored(again)[0].annotator == "somebody"


def test_a_step_that_cannot_be_written_was_not_taken(tagging, folder, monkeypatch):
    draw(tagging)
    before = tagging.state(0)

    def fail(*_):
        raise DataError("the disk is gone")

    monkeypatch.setattr("simd.studio.tagging.folder.write_annotation", fail)
    with pytest.raises(DataError, match="the disk is gone"):
        draw(tagging, stroke=replace(BOX, class_="net"))
    assert tagging.state(0) == before


def test_a_step_meant_for_another_state_is_refused(tagging):
    before = tagging.state(0)["revision"]
    draw(tagging)
    with pytest.raises(StaleError, match="no longer there"):
        tagging.change(0, before, Work.undo)


def test_what_another_program_has_written_is_not_overwritten(tagging, foregrounds, folder):
    draw(tagging)
    revision = tagging.state(0)["revision"]
    other = draw(Tagging(str(foregrounds), folder), stroke=replace(BOX, class_="net"))
    with pytest.raises(StaleError, match="another program"):
        tagging.change(0, revision, Work.undo)
    assert tagging.state(0)["revision"] == other["revision"]
    assert stored(tagging)[0].strokes[-1].class_ == "net"


STROKES = """
import sys
from pathlib import Path
from simd.studio.refusals import StaleError
from simd.studio.tagging.session import Tagging
from simd.tagging.annotation import Stroke

tagging = Tagging(sys.argv[1], Path(sys.argv[2]), annotator=sys.argv[3])
row = int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
acknowledged = 0
while acknowledged < 25:
    points = ((acknowledged, row), (acknowledged + 2, row))
    stroke = Stroke(kind="brush", class_=("fur", "net")[row % 2], points=points, radius=2.0)
    try:
        tagging.change(0, tagging.state(0)["revision"], lambda work: work.draw(stroke))
    except StaleError:
        continue
    acknowledged += 1
"""


@pytest.mark.slow  # starts two processes
def test_two_servers_lose_no_stroke_that_they_acknowledged(foregrounds, folder):
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", STROKES, str(foregrounds), str(folder), row],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for row in ("10", "21")
    ]
    for program in programs:
        assert program.stdout.readline() == "ready\n"
    for program in programs:
        program.stdin.write("go\n")
        program.stdin.flush()
    for program in programs:
        program.communicate(timeout=120)
        assert program.returncode == 0
    annotation, _ = stored(Tagging(str(foregrounds), folder))
    rows = [stroke.points[0][1] for stroke in annotation.strokes]
    assert (rows.count(10), rows.count(21)) == (25, 25)
    assert sorted(file.suffix for file in folder.iterdir()) == [".json", ".png"]  # no lock is left


def test_a_write_between_check_and_write_is_seen(tagging, foregrounds, folder):
    draw(tagging)
    revision = tagging.state(0)["revision"]
    other = Tagging(str(foregrounds), folder)

    def slow(work):
        work.undo()
        draw(other, stroke=replace(BOX, class_="net"))  # while the step is taken

    with pytest.raises(StaleError, match="another program"):
        tagging.change(0, revision, slow)
    assert tagging.state(0)["revision"] == other.state(0)["revision"]
    assert stored(tagging)[0].strokes[-1].class_ == "net"


def test_nothing_is_written_where_the_page_only_shows(foregrounds, folder):
    tagging = Tagging(str(foregrounds), folder, read_only=True)
    with pytest.raises(ReadOnlyError, match="--read-only"):
        draw(tagging)
    with pytest.raises(ReadOnlyError):
        tagging.review(0, tagging.state(0)["revision"], True)
    with pytest.raises(ReadOnlyError):
        tagging.begin_anew(0)
    assert not folder.exists()


def test_what_is_empty_cannot_be_done(tagging, folder):
    with pytest.raises(DataError, match="nothing is tagged yet"):
        tagging.review(0, tagging.state(0)["revision"], True)
    assert not folder.exists()


def test_a_review_says_so_on_disk_and_drawing_takes_it_back(tagging):
    draw(tagging)
    assert tagging.review(0, tagging.state(0)["revision"], True)["review"] == "reviewed"
    assert stored(tagging)[0].review == "reviewed"
    draw(tagging)
    assert stored(tagging)[0].review == "started"


def test_a_foreground_that_has_changed_is_refused_until_it_is_begun_anew(tagging, foregrounds, folder):
    draw(tagging)
    before = {p: p.read_bytes() for p in folder.iterdir()}
    save(foregrounds / "alpha" / "fire_a.png", soft_alpha(seed=4))
    again = Tagging(str(foregrounds), folder)
    assert "has changed since it was annotated" in again.state(0)["problem"]
    with pytest.raises(DataError, match="has changed"):
        draw(again)
    assert {p: p.read_bytes() for p in folder.iterdir()} == before
    assert again.begin_anew(0)["problem"] == ""
    assert stored(again)[0].strokes == ()
    with pytest.raises(DataError, match="is sound"):
        again.begin_anew(0)
    draw(again)


def test_a_broken_annotation_is_shown_with_its_reason(tagging, foregrounds, folder):
    draw(tagging)
    path = annotation_path(folder, tagging.foregrounds[0].id)
    path.write_text("{")
    again = Tagging(str(foregrounds), folder)
    assert again.overview()["foregrounds"][0]["review"] == "broken"
    assert "is not JSON" in again.state(0)["problem"]
    with pytest.raises(DataError, match="is not JSON"):
        draw(again)
    assert path.read_text() == "{"


def test_what_somebody_has_mended_is_read_again(tagging, foregrounds, folder):
    before = draw(tagging)
    path = annotation_path(folder, tagging.foregrounds[0].id)
    whole, mask = path.read_bytes(), path.with_suffix(".png")
    path.write_text("{")
    assert "is not JSON" in tagging.state(0)["problem"]  # it is seen without a step
    assert tagging.overview()["foregrounds"][0]["review"] == "broken"
    path.write_bytes(whole)
    assert tagging.reload(0)["problem"] == ""
    assert tagging.state(0)["revision"] == before["revision"]
    assert tagging.overview()["foregrounds"][0]["review"] == "started"
    content = mask.read_bytes()
    mask.unlink()  # the record is as it was: only reading all of it again shows this
    assert tagging.reload(0)["problem"] != ""
    mask.write_bytes(content)
    assert tagging.state(0)["problem"] != ""
    assert tagging.reload(0)["problem"] == ""
    draw(tagging)


def test_an_annotation_that_somebody_has_removed_is_read_again(tagging, folder):
    draw(tagging)
    path = annotation_path(folder, tagging.foregrounds[0].id)
    path.unlink()
    path.with_suffix(".png").unlink()
    assert tagging.state(0)["strokes"] == 0
    assert tagging.overview()["foregrounds"][0]["review"] == "untagged"


def test_what_another_program_writes_is_shown_when_it_is_asked_for(tagging, foregrounds, folder):
    draw(tagging)
    other = draw(Tagging(str(foregrounds), folder), stroke=replace(BOX, class_="net"))
    assert tagging.state(0)["revision"] == other["revision"]
    with pytest.raises(DataError, match="there is no foreground 99"):
        tagging.reload(99)


@pytest.mark.parametrize("name", ["{}.json", "{}.png", ".{}.pending.png", ".{}.json.{pid}.part"])
def test_links_are_not_followed(tagging, foregrounds, folder, tmp_path, name):
    draw(tagging)
    stem = annotation_path(folder, tagging.foregrounds[0].id).stem
    outside, link = tmp_path / "outside", folder / name.format(stem, pid=os.getpid())
    if link.exists():
        link.rename(outside)
    else:
        outside.write_bytes(b"mine")
    link.symlink_to(outside)
    content = outside.read_bytes()
    for each in (tagging, Tagging(str(foregrounds), folder)):
        with pytest.raises(DataError, match="is a link"):
            draw(each)
    assert outside.read_bytes() == content
    assert link.is_symlink()


def test_a_proposal_on_disk_is_shown_and_not_taken(tagging, foregrounds, folder):
    draw(tagging)
    annotation, mask = stored(tagging)
    proposed = replace(annotation, review="proposed", origin="proposal", strokes=(), confidence={"fur": 0.5})
    write_annotation(folder, proposed, mask)
    again = Tagging(str(foregrounds), folder)
    assert again.state(0)["counts"].keys() == {""}
    proposal = again.proposal(0)
    assert np.array_equal(proposal.class_mask, mask)
    state = again.change(0, again.state(0)["revision"], lambda work: work.accept(proposal))
    assert state["review"] == "started"
    assert stored(again)[0].confidence == {"fur": pytest.approx(0.5, abs=0.005)}


def test_the_order_is_rare_and_uncertain_first_then_untagged_then_reviewed(tagging, foregrounds, folder):
    for number, class_ in ((1, "fur"), (2, "fur"), (4, "net"), (5, "net")):
        draw(tagging, number, replace(BOX, class_=class_))
    tagging.review(5, tagging.state(5)["revision"], True)
    annotation, mask = stored(tagging, 2)
    write_annotation(folder, replace(annotation, confidence={"fur": 0.3}, review="proposed"), mask)
    # fur has been reviewed nowhere, and number 2 is the less certain; net was reviewed once
    assert Tagging(str(foregrounds), folder).overview()["order"] == [2, 1, 4, 0, 3, 5]


def test_a_proposal_is_made_once_among_the_classes_that_are_named(foregrounds, folder):
    calls = []

    def count(fg, alpha, among):
        calls.append((fg.shape, among))
        return propose_halves(fg, alpha)

    (foregrounds / "classes.csv").write_text("file,class\nfire_a,fire|sharp\nfur_cat,fur\n")
    tagging = Tagging(str(foregrounds), folder, propose=count)
    assert tagging.proposal(0) is tagging.proposal(0)
    tagging.proposal(1)
    assert calls == [((64, 80, 3), ("fire", "sharp")), ((64, 80, 3), ("fur",))]
    assert not folder.exists()


def test_annotations_lie_beside_the_foregrounds_by_default(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    assert default_folder(str(tmp_path / "mine")) == tmp_path / "mine-annotations"
    monkeypatch.chdir(tmp_path / "mine")
    assert default_folder(".") == tmp_path / "mine-annotations"


def test_a_folder_without_foregrounds_is_refused(tmp_path, folder):
    (tmp_path / "fg").mkdir()
    (tmp_path / "alpha").mkdir()
    with pytest.raises(DataError, match="no foreground that could be tagged"):
        Tagging(str(tmp_path), folder, kind="folder")


SERVER = """
import sys
from pathlib import Path
from simd.studio.serve import serve
from simd.studio.tagging.session import Tagging
serve(Tagging(sys.argv[1], Path(sys.argv[2])), port=0, backdrops="", say=lambda text: print(text, flush=True))
"""


def test_a_server_that_is_killed_has_lost_no_step_that_it_answered(foregrounds, folder):
    pytest.importorskip("uvicorn", reason="uvicorn is not installed")
    command = [sys.executable, "-c", SERVER, str(foregrounds), str(folder)]
    revisions = []
    for _ in range(2):  # the second one goes on from what the first has left
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        client = Client(server.stdout.readline().split()[4])
        if revisions:
            assert client.state()["revision"] == revisions[-1]
        for class_ in CLASSES[:3]:
            answer = client.step("stroke", stroke=brush(class_))
            assert answer.status == 200
            revisions.append(answer.json["revision"])
        server.send_signal(signal.SIGKILL)
        server.wait()
        server.stdout.close()
    path = next(Path(folder).glob("*.json"))
    annotation, mask = read_annotation(path)
    assert [stroke.class_ for stroke in annotation.strokes] == [*CLASSES[:3], *CLASSES[:3]]
    assert set(np.unique(mask)) == {2, 255}


def test_a_server_closes_no_log_handler_of_its_process(foregrounds, folder):
    pytest.importorskip("uvicorn", reason="uvicorn is not installed")
    closed = []

    class Handler(logging.StreamHandler):
        """As absl's, which closes its stream, too."""

        def close(self):
            closed.append(self)
            super().close()

    handler = Handler()
    with served(Tagging(str(foregrounds), folder), backdrops="") as url:
        assert Client(url).state()["classes"] == []
    assert closed == []
    handler.close()
    assert closed == [handler]
