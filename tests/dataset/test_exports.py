"""Every format of exports: the same set comes back, byte for byte, and nothing half-written lies at OUT."""

import json
import shutil

import numpy as np
import pytest
from conftest import save, soft_alpha, write_backgrounds, write_foregrounds

from simd.composition.build import build
from simd.composition.export import export
from simd.composition.import_finished import import_set
from simd.dataset.exports import FORMATS
from simd.dataset.verify import verify
from simd.errors import BatchError, BusyError, DataError
from simd.locks import locked_folder

NEEDS = {"parquet": "datasets"}


@pytest.fixture(params=FORMATS)
def format_(request):
    if request.param in NEEDS:
        pytest.importorskip(NEEDS[request.param], reason=f"{NEEDS[request.param]} is not installed")
    return request.param


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """Return two sets: composites with classes and licences, and photographs of which nobody says a thing."""
    root = tmp_path_factory.mktemp("sets")
    fgs, bgs = write_foregrounds(root / "fgs"), write_backgrounds(root / "bgs")
    of = {"licence": "CC-BY-4.0", "background_licence": "CC0-1.0", "name": "mine | <yours>"}
    composed = build(root / "composed", foregrounds=fgs, backgrounds=bgs, **of)
    for number in range(3):
        colour = np.full((20, 30, 3), 40 * number, np.uint8)
        save(root / "photos" / "image" / f"{number}.png", colour)
        save(root / "photos" / "alpha" / f"{number}.png", soft_alpha(20, 30, seed=number))
    (root / "photos" / "classes.csv").write_text("file,class\n0.png,fire\n")
    found = import_set(root / "photos", root / "imported", unlabelled=True, kind="folder")
    assert [row.class_ for row in found.rows] == ["fire", "", ""]
    return {"composed": composed, "imported": found}


def files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("which", ["composed", "imported"])
def test_the_set_comes_back_byte_for_byte(sets, tmp_path, format_, which):
    made = export(sets[which], tmp_path / "out", to=format_, any_licence=which == "imported")
    back = import_set(tmp_path / "out", tmp_path / "back", kind=format_)
    assert (made.images, made.digest) == (len(back), back.digest)
    assert back.digest == sets[which].digest
    assert files(back.path) == files(sets[which].path)
    assert verify(back) is back


def test_workers_and_runs_change_no_byte_and_the_folder_tells_its_kind(sets, tmp_path, format_):
    one = export(sets["composed"], tmp_path / "one", to=format_, split="test")
    two = export(str(sets["composed"].path), tmp_path / "two", to=format_, split="test", workers=2)
    assert files(one.folder) == files(two.folder)
    shutil.move(tmp_path / "two", tmp_path / "moved")
    back = import_set(tmp_path / "moved", tmp_path / "back", workers=2, name="another")
    assert (back.digest, back.name) == (sets["composed"].digest, "another")
    assert (one.folder / "splits" / "test.txt").read_text().split() == [row.id for row in back.rows]
    again = import_set(tmp_path / "moved", tmp_path / "back", name="another")  # nothing is made again
    assert again.digest == back.digest
    with pytest.raises(DataError, match="already holds a finished set, and this is another one"):
        import_set(tmp_path / "moved", tmp_path / "back")


def test_an_export_is_written_whole_or_not_at_all(sets, tmp_path, format_, monkeypatch):
    module = FORMATS[format_].module
    write = module.write

    def cut(*args, **kwargs):
        write(*args, **kwargs)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "write", cut)
    with pytest.raises(KeyboardInterrupt):
        export(sets["composed"], tmp_path / "new" / "out", to=format_)
    assert list((tmp_path / "new").iterdir()) == []
    monkeypatch.undo()
    assert export(sets["composed"], tmp_path / "new" / "out", to=format_).images == 6
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out"]


def test_a_folder_in_use_is_left_alone(sets, tmp_path, format_):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="out: is not an empty folder; an export needs one of its own"):
        export(sets["composed"], tmp_path / "out", to=format_)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["notes.txt"]
    with (
        locked_folder(tmp_path / ".held.export"),
        pytest.raises(BusyError, match=r"held: .* is writing there; wait"),
    ):
        export(sets["composed"], tmp_path / "held", to=format_)
    with pytest.raises(DataError, match=r"lies in .*, which this command reads"):
        export(sets["composed"], sets["composed"].path / "out", to=format_)


def test_unknown_licences_are_refused_and_told_in_the_card(sets, tmp_path, format_):
    with pytest.raises(DataError, match=r"the licence of 3 foregrounds or images \(.*\) is unknown"):
        export(sets["imported"], tmp_path / "out", to=format_)
    assert list(tmp_path.iterdir()) == []
    export(sets["imported"], tmp_path / "out", to=format_, any_licence=True)
    text = (tmp_path / "out" / "README.md").read_text()
    assert "| unknown | 3 | 0 | 3 |" in text
    assert "**Nobody has stated the licence of a part of 3 images.**" in text
    export(sets["composed"], tmp_path / "clear", to=format_)
    text = (tmp_path / "clear" / "README.md").read_text()
    assert "| CC-BY-4.0 | 6 | 0 | 6 |\n| CC0-1.0 | 0 | 3 | 6 |" in text
    assert "Nobody has stated" not in text


def test_the_head_of_the_card_is_yaml(sets, tmp_path, format_):
    yaml = pytest.importorskip("yaml")
    export(sets["composed"], tmp_path / "out", to=format_, split="validation")
    _, head, _ = (tmp_path / "out" / "README.md").read_text().split("---\n", 2)
    values = yaml.safe_load(head)
    assert values["license"] == ["cc-by-4.0", "cc0-1.0"]
    assert values["pretty_name"] == "mine | <yours>"


def test_a_set_that_has_changed_is_not_exported(sets, tmp_path, format_):
    shutil.copytree(sets["composed"].path, tmp_path / "set")
    row = sets["composed"].rows[2]
    save(tmp_path / "set" / "alpha" / f"{row.id}.png", np.zeros((64, 80), np.uint8))
    with pytest.raises(BatchError, match=rf"alpha/{row.id}.png: its pixels are not those that were built"):
        export(tmp_path / "set", tmp_path / "out", to=format_)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda note: note.pop("dataset"), "the key 'dataset' is missing; get it again"),
        (
            lambda note: note["dataset"].pop("digests"),
            "export.json, dataset.json: the key 'digests' is missing",
        ),
        (
            lambda note: note["parts"][0].update(name="../x.tar"),
            "must be the name of a file inside of the export",
        ),
        (
            lambda note: note["dataset"]["digests"].update(rows="0" * 64),
            "digests.rows of export.json differs",
        ),
    ],
)
def test_a_note_that_was_changed_is_refused(sets, tmp_path, format_, change, message):
    export(sets["composed"], tmp_path / "out", to=format_)
    note = json.loads((tmp_path / "out" / "export.json").read_text())
    change(note)
    (tmp_path / "out" / "export.json").write_text(json.dumps(note))
    with pytest.raises(DataError, match=message):
        import_set(tmp_path / "out", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_options_that_do_not_fit_are_refused(sets, tmp_path):
    composed = sets["composed"]
    for options, message in (
        ({"to": "web-dataset"}, "unknown format of exports 'web-dataset'; did you mean 'webdataset'?"),
        ({"to": "webdataset", "shards": 7}, "at most one an image \\(6\\)"),
        ({"to": "webdataset", "split": "../x"}, "the split '../x' must be a word"),
    ):
        with pytest.raises(DataError, match=message):
            export(composed, tmp_path / "out", **options)
    export(composed, tmp_path / "out", to="webdataset")
    with pytest.raises(DataError, match="is an export of a set, whose rows say all of it; leave --class out"):
        import_set(tmp_path / "out", tmp_path / "back", class_="fur")
    with pytest.raises(DataError, match="is an export to webdataset, not to parquet; leave --kind out"):
        import_set(tmp_path / "out", tmp_path / "back", kind="parquet")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty: has no export\.json, which simd export writes"):
        import_set(tmp_path / "empty", tmp_path / "back", kind="webdataset")


def test_the_commands_say_what_they_did(sets, tmp_path, run_cli):
    out = tmp_path / "out"
    done = run_cli("export", sets["composed"].path, "--to", "webdataset", "--out", out, "--shards", "2")
    assert (done.code, done.out) == (
        0,
        f"6 images in 2 files for webdataset: {out}\ndigest {sets['composed'].digest}\n",
    )
    done = run_cli("import", out, tmp_path / "back", "--json")
    assert json.loads(done.out)["digest"] == sets["composed"].digest
    done = run_cli("export", sets["composed"].path, "--to", "webdataset", "--out", tmp_path / "b", "--json")
    assert json.loads(done.out) == {
        "folder": str(tmp_path / "b"),
        "format": "webdataset",
        "images": 6,
        "digest": sets["composed"].digest,
        "parts": [f"train-{number:06d}.tar" for number in range(4)],
    }
