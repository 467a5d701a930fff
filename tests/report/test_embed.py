import csv
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from conftest import restated, save
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sklearn.metrics import silhouette_samples

from simd.composition.build import build
from simd.dataset.manifest import load_set, write_manifest
from simd.errors import BatchError, DataError
from simd.features.descriptors import NAMES
from simd.report.embed.embedding import embed, map_of, write_embedding
from simd.report.embed.features import read_feature_file
from simd.report.embed.nearest import nearest_of_others
from simd.report.embed.neighbours import accuracy_span, measure_neighbours, nearest_classes
from simd.report.embed.patches import RegionPatch
from simd.report.embed.tsne import Scaling, make_map
from simd.report.html.thumbnails import thumbnail
from simd.taxonomy import CLASSES


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """Return a set of 20 classes × 2 foregrounds × 2 backgrounds."""
    return build(
        tmp_path_factory.mktemp("embed") / "set",
        foregrounds="synthetic:2@96",
        backgrounds="builtin",
        max_side=96,
        per_foreground=2,
        name="mini",
    )


def subset(made, folder, keep):
    """Copy a set with the rows that `keep` lets pass."""
    shutil.copytree(made.path, folder)
    rows = [row for row in made.rows if keep(row)]
    write_manifest(folder, rows, name="part", protocol="exact", seed=0, sources=[])
    return load_set(folder)


def rows(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def mean_alpha(image, alpha, region):
    return np.array([alpha[region].mean(), image.mean(), region.sum()])


def test_the_map_is_written_with_its_figures(generated, tmp_path, run_cli):
    out = tmp_path / "out"
    done = run_cli("embed", generated.path, "--out", out)
    assert done.code == 0, done.err
    assert {f.name for f in out.iterdir()} == {
        *("map.csv", "map.png", "index.html", "points.js", "thumbnails", "neighbours.csv", "summary.json")
    }
    table = rows(out / "map.csv")
    assert list(table[0]) == ["id", "region", "class", "fg_id", "x", "y"]
    assert [r["id"] for r in table] == [row.id for row in generated.rows]
    assert all(r["region"] == r["class"] for r in table)
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["patches"], summary["foregrounds"], summary["dimensions"]) == (80, 40, len(NAMES))
    assert summary["knn"]["accuracy"] > 0.4  # of 96 pixels and one other foreground; chance is 0.05
    with Image.open(out / "map.png") as image:
        assert np.asarray(image.convert("L")).std() > 10
    matrix = rows(out / "neighbours.csv")
    assert sum(int(r[name]) for r in matrix for name in CLASSES) == 80
    right = sum(int(r[r["class"]]) for r in matrix)
    assert right / 80 == pytest.approx(summary["knn"]["accuracy"], abs=1e-4)


@pytest.mark.slow
def test_the_same_set_gives_the_same_map_whatever_the_workers(generated, tmp_path):
    first, _ = embed(generated.path, tmp_path / "first")
    embed(generated.path, tmp_path / "second", workers=2)
    written = sorted(file.relative_to(tmp_path / "first") for file in (tmp_path / "first").rglob("*.*"))
    assert len(written) == 7  # one sheet of thumbnails
    for name in written:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes(), name
    other, _ = embed(generated.path, tmp_path / "third", seed=1, perplexity=5)
    assert not np.allclose(first.places, other.places)


def test_an_interrupted_run_goes_on_from_where_it_was(generated, tmp_path, monkeypatch):
    from simd.report.embed import patches

    described, real = [], patches.describe

    def counted(alpha, region):
        described.append(1)
        if len(described) == 10:
            raise KeyboardInterrupt
        return real(alpha, region)

    monkeypatch.setattr(patches, "describe", counted)
    with pytest.raises(KeyboardInterrupt):
        embed(generated.path, tmp_path)
    embed(generated.path, tmp_path)
    assert len(described) == 10 + 80 - 9
    assert not (tmp_path / ".embed").exists()


def test_features_can_be_a_callable_or_its_dotted_path(generated, tmp_path):
    made, _ = embed(generated.path, tmp_path / "a", features=mean_alpha)
    assert (made.features, made.dimensions) == ("mean_alpha", 3)
    by_path, _ = embed(generated.path, tmp_path / "b", features=f"{__name__}:mean_alpha")
    assert np.array_equal(made.places, by_path.places)
    coloured, _ = embed(generated.path, tmp_path / "c", features="descriptors+colour")
    assert coloured.dimensions == len(NAMES) + 6


@pytest.mark.parametrize("name", ["nowhere:f", "numpy:nothing", "numpy", "numpy:pi"])
def test_features_that_are_not_there_are_refused(generated, tmp_path, name):
    with pytest.raises(DataError, match="features"):
        embed(generated.path, tmp_path, features=name)


def test_features_that_are_not_finite_are_named(generated, tmp_path):
    def broken(image, alpha, region):
        return np.array([np.nan])

    with pytest.raises(BatchError, match="features must be a finite vector"):
        embed(generated.path, tmp_path, features=broken)


def saved(path, **arrays):
    np.savez(path, **arrays)
    return path


def test_saved_features_are_matched_by_id(generated, tmp_path):
    ids = [row.id for row in generated.rows]
    vectors = np.random.default_rng(0).normal(size=(80, 7))
    made, _ = embed(
        generated.path, tmp_path / "a", features=saved(tmp_path / "f.npz", ids=ids, features=vectors)
    )
    assert made.dimensions == 7
    order = np.random.default_rng(1).permutation(80)
    np.save(tmp_path / "g.npy", vectors[order].astype(np.float16).astype(np.float64))
    (tmp_path / "g.txt").write_text("".join(f"{ids[k]} {generated.rows[k].class_}\n" for k in order))
    shuffled, _ = embed(generated.path, tmp_path / "b", features=str(tmp_path / "g.npy"))
    assert [p.id for p in shuffled.patches] == ids
    assert shuffled.neighbours.accuracy == pytest.approx(made.neighbours.accuracy, abs=0.05)


def patches_of(count):
    """Return patches with thumbnails of nine blocks, white where their number has a bit."""
    made = []
    for number in range(count):
        bits = np.array([[255 * (number >> bit & 1) for bit in range(9)]], np.uint8)
        uri, _ = thumbnail(np.repeat(np.kron(bits, np.ones((16, 8), np.uint8))[..., None], 3, axis=2), 128)
        made.append(RegionPatch(f"{number}", CLASSES[number % 20], CLASSES[number % 20], f"{number}", uri))
    return made


def test_a_patch_has_its_thumbnail_in_its_sheet(tmp_path):
    made = patches_of(300)
    vectors = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    write_embedding(map_of(made, vectors, name="n", digest="d"), tmp_path)
    text = (tmp_path / "points.js").read_text()
    points = json.loads(text.removeprefix("const POINTS = ").removesuffix(";\n"))
    sheets = [Image.open(file) for file in sorted((tmp_path / "thumbnails").iterdir())]
    assert [sheet.size for sheet in sheets] == [(2048, 2048), (2048, 3 * 128)]
    levels = [np.asarray(sheet.convert("L")) for sheet in sheets]
    assert sorted(map(int, points["id"])) == list(range(300))
    for place, name in enumerate(points["id"]):
        row, column = divmod(place % 256, 16)
        tile = levels[place // 256][row * 128 :][:16, column * 128 :][:, :72]
        assert (points["width"][place], points["height"][place]) == (72, 16)
        bits = tile.reshape(16, 9, 8).mean(axis=(0, 2)) > 128
        assert sum(1 << k for k in np.flatnonzero(bits).tolist()) == int(name)
    table = {r["id"]: (float(r["x"]), float(r["y"])) for r in rows(tmp_path / "map.csv")}
    for axis, along in ((0, points["x"]), (1, np.negative(points["y"]))):
        assert np.corrcoef([table[name][axis] for name in points["id"]], along)[0, 1] > 0.99999
    # a smaller map in the same place leaves nothing of the larger one
    write_embedding(map_of(made[:200], vectors[:200], name="n", digest="d"), tmp_path)
    assert [file.name for file in (tmp_path / "thumbnails").iterdir()] == ["sheet-0000.webp"]


def test_a_page_of_many_patches_stays_small(tmp_path):
    made = patches_of(40) * 50
    vectors = np.random.default_rng(0).normal(size=(2000, 2)).astype(np.float32)
    neighbours = map_of(made[:40], vectors[:40], name="n", digest="d")
    write_embedding(replace(neighbours, patches=tuple(made), places=vectors.astype(np.float64)), tmp_path)
    assert (tmp_path / "index.html").stat().st_size < 60_000


def test_a_broken_thumbnail_is_named(tmp_path):
    made = patches_of(6)
    made[3] = replace(made[3], thumbnail="data:image/webp;base64,AAAA")
    vectors = np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)
    with pytest.raises(DataError, match=r"^3, region glass_ice: its thumbnail is no picture"):
        write_embedding(map_of(made, vectors, name="n", digest="d"), tmp_path)


def clustered(count, dimensions=12):
    """Return points in 20 groups, three of a foreground, with labels and foregrounds."""
    rng = np.random.default_rng(0)
    foregrounds = np.arange(count) // 3
    middles = rng.normal(size=(20, dimensions)) * 2
    own = middles[np.arange(count // 3 + 1) % 20] + rng.normal(size=(count // 3 + 1, dimensions))
    return own[foregrounds] + rng.normal(scale=0.05, size=(count, dimensions)), foregrounds


@pytest.mark.parametrize(("asked", "share"), [(10**9, 1.0), (100, 0.98)])
def test_neighbours_are_those_that_all_pairs_give_and_by_trees_nearly_all_of_them(monkeypatch, asked, share):
    points, groups = clustered(900)
    groups[:330] = 0  # more than trees are asked for: compared with all
    monkeypatch.setattr("simd.report.embed.nearest.EXACT_UP_TO", asked)
    nearest, squared = nearest_of_others(points, groups, 5)
    distances = ((points[:, None] - points[None]) ** 2).sum(-1)
    distances[groups[:, None] == groups] = np.inf
    expected = np.sort(distances, axis=1)[:, :5]
    assert (groups[nearest] != groups[:, None]).all()
    assert np.isclose(np.take_along_axis(distances, nearest, axis=1), squared).all()
    assert np.isclose(squared, expected).mean() >= share
    assert np.isclose(squared[:330], expected[:330]).all()


def test_too_few_others_leave_places_empty():
    nearest, squared = nearest_of_others(np.array([[0.0], [1.0], [3.0]]), np.array([0, 0, 1]), 2)
    assert squared.tolist() == [[9, np.inf], [4, np.inf], [4, 9]]
    assert nearest[:, 0].tolist() == [2, 2, 1]


def test_some_patches_may_have_no_saved_features_and_it_says_so(generated, tmp_path):
    ids = [row.id for row in generated.rows][:30]
    file = saved(tmp_path / "f.npz", ids=ids, features=np.random.default_rng(0).normal(size=(30, 4)))
    made, _ = embed(generated.path, tmp_path / "out", features=file)
    assert len(made.patches) == 30
    assert "50 of 80 patches have no features in f.npz" in made.notes


def wrong_files(ids):
    ones = np.ones((80, 2))
    return {
        "not in the set": {"ids": [f"strange-{k}" for k in range(80)], "features": ones},
        "stands in rows 0 and 1": {"ids": [ids[0]] * 80, "features": ones},
        "not one each": {"ids": ids, "features": ones[:9]},
        "are not finite": {"ids": ids, "features": ones * np.inf},
        "must be numbers": {"ids": ids, "features": ones.ravel()},
        "lacks the array 'ids'": {"features": ones},
        "ids must be text": {"ids": np.arange(80), "features": ones},
        "is not a file of features": {"ids": np.array(ids, dtype=object), "features": ones},
    }


@pytest.mark.parametrize("why", wrong_files(["x"]))
def test_a_feature_file_that_does_not_fit_is_refused(generated, tmp_path, why):
    file = saved(tmp_path / "f.npz", **wrong_files([row.id for row in generated.rows])[why])
    with pytest.raises(DataError, match=why):
        embed(generated.path, tmp_path / "out", features=file)


def test_a_feature_file_is_never_unpickled(generated, tmp_path):
    np.save(tmp_path / "f.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    (tmp_path / "g.npz").write_bytes(b"PK\x03\x04 nothing")
    for name in ("f.npy", "g.npz", "missing.npz"):
        with pytest.raises(DataError, match=name):
            embed(generated.path, tmp_path / "out", features=tmp_path / name)


def test_without_class_masks_the_whole_region_counts_and_it_says_so(generated, tmp_path):
    copy = subset(generated, tmp_path / "set", lambda row: True)
    shutil.rmtree(copy.path / "class_mask")
    made, _ = embed(copy.path, tmp_path / "out")
    assert {p.region for p in made.patches} == {"image"}
    assert [p.class_ for p in made.patches] == [row.class_ for row in copy.rows]
    assert "no class mask" in made.notes[0]
    assert "no class mask" in (tmp_path / "out" / "index.html").read_text()


def test_classes_of_one_sample_and_absent_classes_have_no_figures(generated, tmp_path, run_cli):
    part = subset(
        generated,
        tmp_path / "set",
        lambda row: (row.class_ in ("fur", "net")) or row.fg_id == "synthetic/fire/0@96",
    )
    done = run_cli("embed", part.path, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert "of fire there is one foreground" in done.out.replace("\n", " ")
    assert "perplexity 3.0 in place of 30" in done.out.replace("\n", " ")
    by_class = {r["class"]: r for r in rows(tmp_path / "out" / "neighbours.csv")}
    assert (by_class["fire"]["patches"], by_class["fire"]["knn_accuracy"]) == ("2", "")
    assert (by_class["silk"]["patches"], by_class["silk"]["knn_accuracy"], by_class["silk"]["net"]) == (
        "0",
        "",
        "",
    )
    for text in (done.out.split("wrote ")[0], *(f.read_text() for f in (tmp_path / "out").glob("*.[cj]s*"))):
        assert "nan" not in text.lower()


def test_too_few_patches_are_refused(generated, tmp_path, run_cli):
    part = subset(generated, tmp_path / "set", lambda row: row.class_ == "fur")
    done = run_cli("embed", part.path, "--out", tmp_path / "out")
    assert done.code == 1
    assert "a map needs at least 5 patches, these are 4" in done.err


def test_constant_alphas_make_a_map_of_one_point(tmp_path):
    made = build(tmp_path / "set", foregrounds="synthetic:1@32", backgrounds="builtin", max_side=32)
    for sample in made:
        save(sample.path("alpha"), np.full((32, 32), 90, np.uint8))
        save(sample.path("trimap"), np.full((32, 32), 128, np.uint8))
        save(sample.path("class_mask"), np.full((32, 32), CLASSES.index(sample.row.class_), np.uint8))
    restated(made)
    mapped, _ = embed(made.path, tmp_path / "out")
    assert not mapped.places.any()
    assert "nan" not in (tmp_path / "out" / "map.csv").read_text()
    for sample in made:
        save(sample.path("trimap"), np.zeros((32, 32), np.uint8))
    restated(made)
    with pytest.raises(DataError, match="nothing unknown"):
        embed(made.path, tmp_path / "nothing")


def test_scaling_is_robust_and_finite():
    values = np.zeros((101, 4), np.float32)
    values[:, 0] = np.arange(101)  # quartiles 25 and 75: s = 50 / 1.349
    values[:, 1] = 7  # constant
    values[0, 2] = 1  # one odd patch
    values[:, 3] = 1e8
    scaled = Scaling(values)(values)
    assert scaled[75, 0] == pytest.approx(25 / (50 / 1.349))
    assert not scaled[:, [1, 3]].any()
    assert scaled[0, 2] == 3  # clipped
    assert Scaling(values)(values[:1] * 1e6).max() == 3


def test_alike_patches_lie_together_on_the_map():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.eye(3) * 20, 30, axis=0) + rng.normal(size=(90, 3))
    places, used = make_map(groups, perplexity=10)
    assert used == 10
    middles = places.reshape(3, 30, 2).mean(1)
    apart = min(np.linalg.norm(middles[a] - middles[b]) for a, b in ((0, 1), (0, 2), (1, 2)))
    assert apart > 3 * places.reshape(3, 30, 2).std(1).max()


def test_copies_throw_nothing_off_the_map():
    rng = np.random.default_rng(0)
    groups = np.repeat(rng.normal(size=(8, 12)), 5, axis=0)  # eight groups of ...
    points = np.repeat(
        groups + rng.normal(scale=0.5, size=groups.shape), 10, axis=0
    )  # ... 10 equal points each
    places, _ = make_map(points)
    reach = np.abs(places - np.median(places, axis=0)).max(axis=1)
    assert np.quantile(reach, 0.9) > 0.6 * reach.max()


def test_neighbours_by_hand():
    # Two classes on a line. Foreground a of fur stands beside b of fur; net's c beside its own copy and fur.
    points = np.array([[0.0], [0.1], [0.2], [5.0], [5.1], [9.0]])
    labels = np.array([CLASSES.index(c) for c in ("fur", "fur", "fur", "net", "net", "net")])
    found = measure_neighbours(points, labels, ["a", "a", "b", "c", "c", "d"])
    by_class = {c.class_: c for c in found.classes}
    assert by_class["fur"].accuracy == 1
    # Of c at 5.0: d at distance 4, fur at 4.8, 4.9 and 5: 1/16 against 3 × about 1/24
    assert by_class["net"].accuracy == pytest.approx(1 / 3)
    assert by_class["net"].taken_for[CLASSES.index("fur")] == 2
    assert found.accuracy == pytest.approx(4 / 6)
    assert found.class_accuracy == pytest.approx((1 + 1 / 3) / 2)
    # Silhouette of 0.0: a = 0.2, its distance to the other foreground of fur, b = (5 + 5.1 + 9) / 3
    assert by_class["fur"].silhouette == pytest.approx(
        np.mean([1 - 0.2 / (19.1 / 3), 1 - 0.1 / (18.8 / 3), 1 - 0.15 / (18.5 / 3)])
    )
    assert nearest_classes(points, labels, np.array([[6.0]])) == [["net", "fur"]]


@given(st.integers(0, 2**32 - 1))
def test_with_a_foreground_a_patch_silhouettes_are_those_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    points, labels = rng.normal(size=(40, 3)), rng.integers(0, 4, 40)
    names = [f"{i}" for i in range(40)]
    expected = silhouette_samples(points, labels)
    expected[np.bincount(labels)[labels] < 2] = np.nan
    found = measure_neighbours(points, labels, names)
    assert found.silhouette == pytest.approx(np.nanmean(expected))


def test_composites_of_one_foreground_are_no_class():
    # 12 classes of one foreground, whose composites lie together: nothing is known of how classes lie
    labels = np.repeat(np.arange(12), 5)
    points = labels[:, None] * 10.0 + np.tile(np.arange(5), 12)[:, None] / 100
    found = measure_neighbours(points, labels, [f"fg{k}" for k in labels])
    assert np.isnan(found.silhouette)
    assert all(np.isnan(c.silhouette) for c in found.classes)
    assert found.interval.bounds is None


def test_the_share_told_right_has_an_interval_over_foregrounds():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 60)
    points = rng.normal(size=(180, 2)) + labels[:, None]
    names = [f"{k}-{i // 3}" for i, k in enumerate(labels)]
    found = measure_neighbours(points, labels, names)
    low, high = found.interval.bounds
    assert 0 < low < found.class_accuracy < high < 1
    assert found.interval.mean == pytest.approx(found.class_accuracy)
    assert accuracy_span(found) == f" [{low:.0%}, {high:.0%}]"


def test_rows_of_regions_that_are_no_patches_are_said(tmp_path):
    patches = [RegionPatch(id_, "fur", "fur", id_, "") for id_ in ("a", "b")]
    file = saved(
        tmp_path / "f.npz", ids=["a", "b", "b"], regions=["fur", "", "furr"], features=np.ones((3, 2))
    )
    kept, vectors, notes = read_feature_file(file, patches)
    assert (len(kept), vectors.shape) == (2, (2, 2))
    assert notes == ["1 rows of f.npz are of regions that are no patches here: b furr"]
