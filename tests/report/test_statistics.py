import csv
import shutil

import numpy as np
import pytest
from conftest import restated, save
from msgspec.structs import replace
from PIL import Image

from simd.composition.build import build
from simd.dataset.manifest import load_set, write_manifest
from simd.errors import BatchError
from simd.report.statistics.measure import measure_set, report_statistics
from simd.report.statistics.page import print_statistics
from simd.report.statistics.tables import measures_by_class
from simd.taxonomy import CLASSES


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """Return a set of two images of each class, but one of fire and none of silk."""
    made = build(
        tmp_path_factory.mktemp("statistics") / "set",
        foregrounds="synthetic:2@96",
        backgrounds="builtin",
        max_side=96,
    )
    kept = [row for row in made.rows if row.class_ != "silk" and row.fg_id != "synthetic/fire/1@96"]
    write_manifest(made.path, kept, name="mini", protocol="exact", seed=0, sources=[])
    return load_set(made.path)


def rows(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def test_tables_plots_and_page_are_written(generated, tmp_path, run_cli):
    done = run_cli("stats", generated.path, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    names = {file.name for file in (tmp_path / "out").iterdir()}
    assert names == {
        *("index.html", "statistics.md", "balance.csv", "classes.csv", "images.csv", "regions.csv"),
        *("classes.png", "distributions.png", "scatter.png"),
    }
    assert len(rows(tmp_path / "out" / "images.csv")) == len(generated) == 37
    for file in (tmp_path / "out").glob("*.png"):
        with Image.open(file) as image:
            assert min(image.size) > 600
            assert np.asarray(image.convert("L")).std() > 10


def test_no_table_holds_a_nan_and_absent_classes_have_a_dash(generated, tmp_path, run_cli):
    printed = run_cli("stats", generated.path, "--out", tmp_path).out.split("wrote ")[0]
    texts = [file.read_text() for ending in ("csv", "md") for file in tmp_path.glob(f"*.{ending}")]
    for text in [printed, *texts]:
        assert "nan" not in text.lower()
    by_class = {(r["scope"], r["class"]): r for r in rows(tmp_path / "classes.csv")}
    assert by_class["region", "silk"]["rows"] == "0"
    assert by_class["region", "silk"]["alpha_ratio"] == ""
    assert by_class["image", "fire"]["rows"] == "1"
    assert by_class["image", "fire"]["alpha_ratio"] != ""
    assert by_class["image", "fire"]["alpha_ratio_sd"] == ""  # of one there is no deviation
    silk = next(
        line for line in (tmp_path / "statistics.md").read_text().split("\n") if "| silk | – " in line
    )
    assert set(silk.replace("silk", "").replace("|", "").split()) == {"–"}


def test_classes_are_means_of_images_and_of_regions(tmp_path, foregrounds, backgrounds):
    made = build(
        tmp_path / "set", foregrounds=str(foregrounds), backgrounds=str(backgrounds), any_licence=True
    )
    half = np.full((64, 80), CLASSES.index("fur"), np.uint8)
    half[:, 40:] = CLASSES.index("net")
    first = made[0]
    save(first.path("class_mask"), half)
    measured = measure_set(restated(made))
    image = next(m for m in measured.images if m.id == first.row.id)
    parts = {m.class_: m.measures for m in measured.regions if m.id == first.row.id}
    assert parts.keys() == {"fur", "net"}
    assert parts["fur"].pixels + parts["net"].pixels == image.measures.pixels
    weighted = sum(p.pixels * p.alpha_ratio for p in parts.values()) / image.measures.pixels
    assert weighted == pytest.approx(image.measures.alpha_ratio)
    fur = next(s for s in measures_by_class(measured.regions) if s.class_ == "fur")
    own = [m.measures.alpha_ratio for m in measured.regions if m.class_ == "fur"]
    assert fur.means[0] == pytest.approx(np.mean(own))
    assert fur.spreads[0] == pytest.approx(np.std(own, ddof=1))


def test_frames_are_the_csv_files(generated, tmp_path):
    (statistics,), _ = report_statistics([generated.path], tmp_path)
    for scope in ("images", "regions"):
        frame, table = statistics.to_frame(scope), rows(tmp_path / f"{scope}.csv")
        assert list(frame.columns) == list(table[0])
        assert list(frame["id"]) == [row["id"] for row in table]
        assert list(frame["alpha_ratio"]) == pytest.approx(
            [float(row["alpha_ratio"]) for row in table], rel=1e-6
        )
    assert len(repr(statistics)) < 120


def test_sets_stand_side_by_side_with_a_bare_list_of_names(generated, tmp_path, run_cli):
    listed = tmp_path / "list.txt"
    listed.write_text("fire:a.png:x.jpg\nfire:a.png:y.jpg\nfire:b.png:z.jpg\nplant_leaf:c.png:x.jpg\n")
    out = tmp_path / "out"
    assert run_cli("stats", generated.path, listed, generated.path, "--out", out).code == 0
    balance = rows(out / "balance.csv")
    assert [b["set"] for b in balance] == ["mini (set 1)", "list.txt", "mini (set 3)"]
    assert (balance[1]["composites"], balance[1]["foregrounds"], balance[1]["max_min"]) == ("4", "3", "2")
    # -(2/3 ln 2/3 + 1/3 ln 1/3) / ln 20
    assert float(balance[1]["entropy"]) == pytest.approx(0.212474, abs=1e-6)
    names = {file.name for file in out.iterdir()}
    assert {"distributions-1.png", "distributions-2.png", "scatter-1.png", "scatter-2.png"} <= names
    of_list = [r for r in rows(out / "classes.csv") if r["set"] == "list.txt"]
    assert len(of_list) == 20
    assert "counts, and no pixels to measure" in (out / "index.html").read_text()


def test_only_a_list_of_names_gives_counts_and_no_pixel_tables(tmp_path):
    listed = tmp_path / "list.txt"
    listed.write_text("fire:a.png:x.jpg\n")
    report_statistics([listed], tmp_path / "out")
    assert not (tmp_path / "out" / "images.csv").exists()
    assert "1 of 20" in (tmp_path / "out" / "statistics.md").read_text()


def test_without_class_masks_primary_classes_are_used_and_it_says_so(generated, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(generated.path, copy)
    shutil.rmtree(copy / "class_mask")
    told, _ = report_statistics([copy], tmp_path / "out")
    assert "37 of 37 images have no class mask" in told[0].notes[0]
    assert [r.class_ for r in told[0].regions] == [r.class_ for r in generated.rows]
    for file in ("index.html", "statistics.md"):
        assert "have no class mask" in (tmp_path / "out" / file).read_text()


def test_a_set_of_constant_alphas_has_dashes(tmp_path):
    made = constant_set(tmp_path, 255)
    told, files = report_statistics([made.path], tmp_path / "out")
    assert "no unknown region" in told[0].notes[-1]
    assert all("nan" not in f.read_text() for f in files if f.suffix in (".csv", ".md"))
    row = rows(tmp_path / "out" / "images.csv")[0]
    assert (row["pixels"], row["alpha_ratio"], row["components"]) == ("0", "", "0")


def constant_set(folder, level):
    """Return a set whose alphas and trimaps are a constant."""
    made = build(folder / "set", foregrounds="synthetic:1@32", backgrounds="builtin", max_side=32)
    for sample in made:
        save(sample.path("alpha"), np.full((32, 32), level, np.uint8))
        save(sample.path("trimap"), np.full((32, 32), level, np.uint8))
    return restated(made)


def test_bad_files_are_named_and_the_others_finished(generated, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(generated.path, copy)
    ids = [row.id for row in generated.rows]
    save(copy / "trimap" / f"{ids[1]}.png", np.zeros((5, 5), np.uint8))
    save(copy / "class_mask" / f"{ids[2]}.png", np.full((96, 96), 77, np.uint8))
    restated(load_set(copy))
    (copy / "alpha" / f"{ids[0]}.png").write_bytes(b"nothing")
    with pytest.raises(BatchError) as error:
        report_statistics([copy], tmp_path / "out")
    assert error.value.failures.keys() == set(ids[:3])
    assert "is 5 x 5, the composite is 96 x 96" in error.value.failures[ids[1]]
    assert "holds 77" in error.value.failures[ids[2]]
    assert len(rows(tmp_path / "out" / "images.csv")) == 34


def test_something_that_is_no_set_is_refused(tmp_path, run_cli):
    done = run_cli("stats", tmp_path, "--out", tmp_path / "out")
    assert done.code == 1
    assert str(tmp_path) in done.err


def test_an_interrupted_run_goes_on_from_where_it_was(generated, tmp_path, monkeypatch):
    from simd.report.statistics import measure

    measured, real = [], measure.measure_regions

    def counted(*layers):
        measured.append(1)
        if len(measured) == 10:
            raise KeyboardInterrupt
        return real(*layers)

    monkeypatch.setattr(measure, "measure_regions", counted)
    with pytest.raises(KeyboardInterrupt):
        report_statistics([generated.path], tmp_path / "out")
    report_statistics([generated.path], tmp_path / "out")
    assert len(measured) == 10 + 37 - 9
    assert not (tmp_path / "out" / ".statistics").exists()
    monkeypatch.setattr(measure, "measure_regions", real)
    report_statistics([generated.path], tmp_path / "again", workers=2)
    for name in ("images.csv", "regions.csv", "classes.csv", "distributions.png", "index.html"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name


def test_a_state_of_another_set_is_not_continued(generated, tmp_path):
    state = tmp_path / "state"
    measure_set(generated, state=state)
    (of_set,) = state.iterdir()
    rows = (of_set / "rows.jsonl").read_text()
    spoilt = rows.replace('"size": {', '"size": {"other": ')
    assert spoilt != rows
    (of_set / "rows.jsonl").write_text(spoilt)
    of_set.rename(state / ("0" * len(of_set.name)))
    assert measure_set(generated, state=state) == measure_set(generated)


def test_names_stay_text_on_the_page(tmp_path):
    listed = tmp_path / "<img src=x onerror=alert(1)>.txt"
    listed.write_text("fire:a.png:x.jpg\n")
    report_statistics([listed], tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text()
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page
    assert "http" not in page.replace("http-equiv", "")


def test_a_mixed_foreground_counts_for_each_class_of_its_mask(generated, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(generated.path, copy)
    mixed = [
        replace(row, classes=("fur", "net"), class_mask_from="regions") if row.class_ == "fur" else row
        for row in generated.rows
    ]
    write_manifest(copy, mixed, name="mixed", protocol="exact", seed=0, sources=[])
    told, _ = report_statistics([copy], tmp_path / "out")
    assert "count for each of them" in told[0].notes[0]
    assert told[0].census.foregrounds["net"] == 4
    balance = rows(tmp_path / "out" / "balance.csv")[0]
    assert (balance["composites"], balance["foregrounds"]) == ("37", "37")


@pytest.mark.slow
def test_sets_that_nobody_named_are_called_after_their_folders(tmp_path, run_cli, foregrounds, backgrounds):
    for folder in ("first", "second"):
        options = ("--foregrounds", foregrounds, "--backgrounds", backgrounds, "--per-foreground", 1)
        assert run_cli("build", tmp_path / folder, *options, "--any-licence").code == 0
    done = run_cli("stats", tmp_path / "first", tmp_path / "second", "--out", tmp_path / "out")
    assert done.code == 0, done.err
    titles = {row["set"] for row in rows(tmp_path / "out" / "classes.csv")}
    assert titles == {"first", "second"}
    assert "exact-0" not in (tmp_path / "out" / "index.html").read_text()
    for folder in ("first", "second"):
        scores = tmp_path / "scores" / folder
        done = run_cli("evaluate", tmp_path / folder / "alpha", tmp_path / folder, "--out", scores)
        assert done.code == 0, done.err
    files = [tmp_path / "scores" / f"{folder}.json" for folder in ("first", "second")]
    done = run_cli("leaderboard", *files, "--out", tmp_path / "board")
    assert "set first, protocol exact" in done.out


@pytest.mark.parametrize("columns", [80, 100])
def test_the_terminal_breaks_no_number_and_no_name_and_shows_the_classes_that_are_there(
    tiny_set, tmp_path, capsys, monkeypatch, columns
):
    monkeypatch.setenv("COLUMNS", str(columns))
    long_name = "a set of a rather long name, with blanks and 20 of 20 classes-and-a-half"
    shutil.copytree(tiny_set.path, tmp_path / long_name)
    print_statistics([measure_set(tiny_set), measure_set(load_set(tmp_path / long_name))])
    printed = capsys.readouterr().out.splitlines()
    assert all(len(line) <= columns for line in printed)
    assert not any("…" in line for line in printed)
    assert f"  2  {long_name}" in printed
    assert printed.count(long_name) == 1
    (balance,) = [line.split("  ") for line in printed if line.startswith("2 ")]
    assert [cell.strip() for cell in balance if cell.strip()] == [
        "2",
        "6",
        "6",
        "6 of 20",
        "1.0",
        "0.598",
    ]  # ln 6 / ln 20
    of_classes = [line.split()[0] for line in printed if len(line.split()) == 6 and line[0] not in "set12"]
    assert (
        of_classes == ["fire", "fur", "hair_easy", "net", "leaf"] * 2
    )  # and tree, which begins as "set" does
    assert printed.count("No region of the other 14 classes.") == 2
