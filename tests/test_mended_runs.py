"""A run that has failed in part is never in the way of the command that its message advises."""

import re

import numpy as np
import pytest
from conftest import FOREGROUNDS, save, soft_alpha

from simd.composition.build import build
from simd.composition.import_finished import import_set
from simd.dataset.manifest import load_set
from simd.dataset.predictions import read_run
from simd.dataset.verify import verify
from simd.errors import BatchError, DataError
from simd.image import read_alpha
from simd.methods import METHODS
from simd.methods.predict import predict
from simd.records import LAYERS
from simd.trimap import trimap_of


def times(folder):
    """Return the time of each picture of a set, which shows whether it was written anew."""
    return {file.relative_to(folder): file.stat().st_mtime_ns for file in folder.glob("*/*.png")}


def advice(message, option):
    """Check that a message advises an option."""
    assert re.search(rf"{option}\b", message), message


def same(folder, fresh):
    """Tell whether two sets are the same to the byte."""
    names = [sorted(p.relative_to(root) for p in root.rglob("*") if p.is_file()) for root in (folder, fresh)]
    assert names[0] == names[1]
    assert [name for name in names[0] if (folder / name).read_bytes() != (fresh / name).read_bytes()] == []
    return True


# -- build -----------------------------------------------------------------------------------------------


@pytest.fixture
def places(foregrounds, backgrounds):
    return ["--foregrounds", foregrounds, "--backgrounds", backgrounds, "--any-licence"]


def break_a_foreground(foregrounds):
    """Spoil the alpha of the cat; return what mends it."""
    file = foregrounds / "alpha" / "fur_cat.png"
    good = file.read_bytes()
    file.write_bytes(good[: len(good) // 2])
    return lambda: file.write_bytes(good)


def test_classes_that_a_build_asks_for(run_cli, places, foregrounds, tmp_path):
    (foregrounds / "fg" / "fur_cat.png").rename(foregrounds / "fg" / "cat.png")
    (foregrounds / "alpha" / "fur_cat.png").rename(foregrounds / "alpha" / "cat.png")
    out, table = tmp_path / "set", tmp_path / "classes.csv"
    done = run_cli("build", out, *places)
    assert done.code == 1
    advice(done.err, "--classes FILE")
    before = times(out)
    assert len(load_set(out)) == 5
    table.write_text("file,class\ncat,fur\n")
    done = run_cli("build", out, *places, "--classes", table)
    assert done.code == 0, done.err
    assert "goes on with other settings (classes: None is now" in done.err
    assert {name: time for name, time in times(out).items() if name in before} == before  # none is made again
    assert run_cli("build", tmp_path / "fresh", *places, "--classes", table).code == 0
    assert same(out, tmp_path / "fresh")


def test_a_class_that_a_table_changes(places, run_cli, foregrounds, tmp_path):
    mend = break_a_foreground(foregrounds)
    out, table = tmp_path / "set", tmp_path / "classes.csv"
    assert run_cli("build", out, *places).code == 1
    mend()
    table.write_text("file,class,licence,alpha_kind\nnet-1,lace,,\nfire_a,,CC0-1.0,\n")
    done = run_cli("build", out, *places, "--classes", table)
    assert done.code == 1, done.err  # a row without a class
    table.write_text("file,class,licence,alpha_kind\nnet-1,lace,,\nleaf 2,leaf,CC0-1.0,predicted\n")
    done = run_cli("build", out, *places, "--classes", table)
    assert done.code == 0, done.err
    assert run_cli("build", tmp_path / "fresh", *places, "--classes", table).code == 0
    assert same(out, tmp_path / "fresh")


def test_a_licence_that_is_asked_for_only_then(run_cli, places, foregrounds, tmp_path):
    mend = break_a_foreground(foregrounds)
    out, places = tmp_path / "set", [*places[:-1], "--background-licence", "CC0-1.0"]
    assert run_cli("build", out, *places, "--licence", "mine").code == 1
    mend()
    done = run_cli("build", out, *places)
    advice(done.err, "--any-licence")
    done = run_cli("build", out, *places, "--any-licence")
    assert done.code == 0, done.err
    assert {row.licence for row in load_set(out).rows} == {"unknown"}


def test_colours_that_look_multiplied(run_cli, places, foregrounds, tmp_path):
    alpha = soft_alpha()
    colour = np.full((*alpha.shape, 3), 200) * (alpha[..., None] / 255)
    save(foregrounds / "fg" / "fire_a.png", colour.round().astype(np.uint8))
    mend = break_a_foreground(foregrounds)
    out = tmp_path / "set"
    done = run_cli("build", out, *places)
    assert done.code == 1
    advice(done.err, "--unpremultiply")
    advice(done.err, "--selection")
    mend()
    for name in FOREGROUNDS[1:]:  # whose colour is not multiplied by alpha
        for folder in ("fg", "alpha"):
            for file in (foregrounds / folder).glob(f"{name.partition('.')[0]}.*"):
                file.unlink()
    done = run_cli("build", out, *places, "--unpremultiply")
    assert done.code == 0, done.err
    assert run_cli("build", tmp_path / "fresh", *places, "--unpremultiply").code == 0
    assert same(out, tmp_path / "fresh")


def test_a_selection_and_back_again(run_cli, places, foregrounds, tmp_path):
    mend = break_a_foreground(foregrounds)
    out, selection = tmp_path / "set", tmp_path / "selection.jsonl"
    assert run_cli("build", out, *places).code == 1
    before = times(out)
    selection.write_text('{"id": "net-1", "keep": true}\n{"id": "cat", "keep": true}\n')
    done = run_cli("build", out, *places, "--selection", selection)
    assert done.code == 1
    advice(done.err, "select from the same folder again")
    selection.write_text('{"id": "net-1", "keep": true}\n')
    mend()
    done = run_cli("build", out, *places, "--selection", selection)
    assert done.code == 0, done.err
    assert times(out).items() <= before.items()
    assert {row.fg_id for row in load_set(out).rows} == {"net-1"}
    verify(out)


def test_a_list_of_foregrounds_for_a_list_of_backgrounds(run_cli, places, foregrounds, backgrounds, tmp_path):
    hill = (backgrounds / "hill.jpg").read_bytes()
    (backgrounds / "hill.jpg").write_bytes(hill[: len(hill) // 2])
    names = tmp_path / "backgrounds.txt"
    names.write_text("hill.jpg\n" + "sky.JPG\n" * 5)
    out, places = tmp_path / "set", [*places, "--background-list", names]
    assert run_cli("build", out, *places).code == 1
    (backgrounds / "hill.jpg").write_bytes(hill)
    (foregrounds / "alpha" / "net-1.png").unlink()
    done = run_cli("build", out, *places)
    advice(done.err, "--foreground-list FILE")
    order = tmp_path / "foregrounds.txt"
    order.write_text("\n".join(name for name in FOREGROUNDS if name != "net-1.png") + "\n")
    done = run_cli("build", out, *places, "--foreground-list", order)
    advice(done.err, "--per-foreground")
    names.write_text("hill.jpg\n" + "sky.JPG\n" * 4)
    done = run_cli("build", out, *places, "--foreground-list", order)
    assert done.code == 0, done.err
    assert len(load_set(out)) == 5
    verify(out)


@pytest.mark.slow
def test_what_makes_another_set_still_needs_another_folder(run_cli, places, foregrounds, tmp_path):
    break_a_foreground(foregrounds)
    out = tmp_path / "set"
    assert run_cli("build", out, *places).code == 1
    before = times(out)
    for more in (("--seed", 2), ("--max-side", 48), ("--protocol", "adobe-2017"), ("--trimap-radius", 3)):
        done = run_cli("build", out, *places, *more)
        assert done.code == 1
        assert "holds an unfinished run with other settings" in done.err
        assert f"{more[1]}" in done.err
    assert times(out) == before


def test_a_state_that_is_true_again_is_not_taken_for_files_of_another(foregrounds, backgrounds, tmp_path):
    """Rows that stopped to hold are forgotten before their files are written anew."""
    options = {"foregrounds": foregrounds, "backgrounds": backgrounds, "any_licence": True}
    mend = break_a_foreground(foregrounds)
    out = tmp_path / "set"
    for more in ({}, {"unpremultiply": True}, {}):
        with pytest.raises(BatchError):
            build(out, **options, **more)
    mend()
    assert len((out / ".build" / "rows.jsonl").read_text().splitlines()) == 5
    build(out, **options)
    build(tmp_path / "fresh", **options)
    assert same(out, tmp_path / "fresh")


# -- import ----------------------------------------------------------------------------------------------


@pytest.fixture
def aim(tmp_path):
    """Write four images in the layout of AIM-500."""
    root = tmp_path / "AIM-500"
    for number in range(4):
        alpha = soft_alpha(seed=number)
        save(root / "original" / f"o_{number:08d}.jpg", np.full((*alpha.shape, 3), 60 * number, np.uint8))
        save(root / "mask" / f"o_{number:08d}.png", alpha)
        save(root / "trimap" / f"o_{number:08d}.png", trimap_of(alpha, 5))
    return root


def write_other_levels(file):
    """Write a trimap anew, with levels that are none of ours."""
    trimap = read_alpha(file)
    save(file, np.select([trimap == 0, trimap == 255], [3, 246], 102).astype(np.uint8))


@pytest.mark.slow
def test_trimaps_that_an_import_is_to_map(run_cli, aim, tmp_path):
    write_other_levels(aim / "trimap" / "o_00000003.png")
    out = tmp_path / "set"
    done = run_cli("import", aim, out, "--class", "fur")
    assert done.code == 1
    advice(done.err, "--map-trimaps")
    before = times(out)
    done = run_cli("import", aim, out, "--class", "fur", "--map-trimaps")
    assert done.code == 0, done.err
    assert {name: time for name, time in times(out).items() if name in before} == before
    assert run_cli("import", aim, tmp_path / "fresh", "--class", "fur", "--map-trimaps").code == 0
    assert same(out, tmp_path / "fresh")


def test_a_mapped_trimap_is_not_taken_where_none_may_be_mapped(aim, tmp_path):
    write_other_levels(aim / "trimap" / "o_00000000.png")
    (aim / "original" / "o_00000003.jpg").write_bytes(b"text")
    with pytest.raises(BatchError, match="1 of 4"):
        import_set(aim, tmp_path / "set", class_="fur", map_trimaps=True)
    with pytest.raises(BatchError, match="2 of 4"):
        import_set(aim, tmp_path / "set", class_="fur")


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--classes FILE", "--class NAME"])
def test_classes_that_an_import_asks_for(run_cli, aim, tmp_path, option):
    table = aim / "classes.csv"
    table.write_text("file,class\n" + "".join(f"o_0000000{n},fur\n" for n in range(3)))
    out = tmp_path / "set"
    done = run_cli("import", aim, out)
    assert done.code == 1
    advice(done.err, re.escape(option))
    before = times(out)
    assert len(before) == 3 * len(LAYERS)
    whole = tmp_path / "whole.csv"
    whole.write_text(table.read_text() + "o_00000003,net\n")
    more = ("--classes", whole) if option == "--classes FILE" else ("--class", "net")
    done = run_cli("import", aim, out, *more)
    assert done.code == 0, done.err
    assert {name: time for name, time in times(out).items() if name in before} == before
    assert run_cli("import", aim, tmp_path / "fresh", *more).code == 0
    assert same(out, tmp_path / "fresh")


# -- predict ---------------------------------------------------------------------------------------------


class Tiled:
    """A method that is short of memory where its tile is large."""

    name = "tiled"

    def __init__(self, tile: int = 64) -> None:
        self.tile = int(tile)

    @property
    def version(self):
        return f"1, tiles of {self.tile}"

    def predict(self, image, trimap):
        if self.tile > 32 and image[0, 0, 0] > 100:
            raise DataError("needs 9 GB; use a smaller tile: --option tile=32")
        return np.full(trimap.shape, self.tile, np.uint8)


def test_a_smaller_tile(run_cli, tiny_set, tmp_path, monkeypatch):
    monkeypatch.setitem(METHODS, "tiled", f"{__name__}:Tiled")
    out = tmp_path / "mattes"
    done = run_cli("predict", "tiled", tiny_set.path, "--out", out, "--workers", 1)
    assert done.code == 1
    advice(done.err, "--option tile=32")
    assert 0 < len(list(out.glob("*.png"))) < len(tiny_set)
    done = run_cli("predict", "tiled", tiny_set.path, "--out", out, "--workers", 1, "--option", "tile=32")
    assert done.code == 0, done.err
    assert read_run(out).version == "1, tiles of 32"
    assert {int(read_alpha(file).max()) for file in out.glob("*.png")} == {32}  # no matte of the larger tile


def test_another_method_still_needs_another_folder(tiny_set, tmp_path, monkeypatch):
    monkeypatch.setitem(METHODS, "tiled", f"{__name__}:Tiled")
    with pytest.raises(BatchError):
        predict("tiled", tiny_set.path, tmp_path / "mattes")
    with pytest.raises(DataError, match="method: 'tiled' is now 'trimap'"):
        predict("trimap", tiny_set.path, tmp_path / "mattes")


# -- what a power cut leaves -----------------------------------------------------------------------------


class Drawing:
    """A method that draws a picture, and fails at first where an image is bright."""

    name, version = "drawing", "1"

    def predict(self, image, trimap):
        if self.fails and image[0, 0, 0] > 100:
            raise DataError("not today")
        return trimap

    def pictures(self, image, _trimap):
        return {"image": image}


@pytest.mark.parametrize("emptied", ["mattes", "pictures"])
def test_a_finished_file_that_is_empty_is_made_again(tiny_set, tmp_path, emptied):
    method = Drawing()
    method.fails = True
    folders = {"out": tmp_path / "mattes", "pictures": tmp_path / "pictures"}
    with pytest.raises(BatchError):
        predict(method, tiny_set.path, **folders)
    whole = {file: file.read_bytes() for file in (tmp_path / emptied).glob("*.png")}
    first, *others = sorted(whole)
    first.write_bytes(b"")
    before = {file: file.stat().st_mtime_ns for file in others}
    method.fails = False
    predict(method, tiny_set.path, **folders)
    assert first.read_bytes() == whole[first]
    assert {file: file.stat().st_mtime_ns for file in others} == before
    assert len(list((tmp_path / "pictures").iterdir())) == len(tiny_set)
