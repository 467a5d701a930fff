"""Hugging Face parquet: typed, grouped by bytes, with a page index; other features and damage are refused."""

import json
import shutil

import numpy as np
import pytest
from conftest import save, soft_alpha, write_backgrounds, write_foregrounds

from simd.composition.build import build
from simd.composition.export import export
from simd.composition.import_finished import import_set
from simd.errors import BatchError, DataError
from simd.records import LAYERS
from simd.taxonomy import CLASSES, NO_CLASS

datasets = pytest.importorskip("datasets", reason="datasets is not installed")
pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")

MODES = {"image": "RGB", "alpha": "L", "trimap": "L", "class_mask": "L"}


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Return a set of 18 composites, and its export in three files."""
    root = tmp_path_factory.mktemp("exported")
    fgs, bgs = write_foregrounds(root / "fgs"), write_backgrounds(root / "bgs")
    made = build(root / "set", foregrounds=fgs, backgrounds=bgs, any_licence=True, per_foreground=3)
    export(made, root / "out", to="parquet", any_licence=True, shards=3, split="test")
    return made, root / "out"


@pytest.fixture
def copy(exported, tmp_path):
    """Return the export, copied to be spoilt."""
    return shutil.copytree(exported[1], tmp_path / "copy")


def files_of(folder):
    return sorted((folder / "data").glob("*.parquet"))


def test_datasets_loads_typed_columns_by_the_card(exported, tmp_path):
    made, out = exported
    loaded = datasets.load_dataset(str(out), split="test", cache_dir=str(tmp_path / "cache"))
    assert list(loaded["id"]) == [row.id for row in made.rows]
    assert {layer: loaded.features[layer].mode for layer in LAYERS} == MODES
    assert loaded.features["class"].names == list(CLASSES)
    assert loaded.features["classes"].feature.names == list(CLASSES)
    for value, sample in zip(loaded, made, strict=True):
        assert loaded.features["class"].int2str(value["class"]) == sample.row.class_
        assert [CLASSES[index] for index in value["classes"]] == list(sample.row.classes)
        for layer, mode in MODES.items():
            assert value[layer].mode == mode
            assert np.array_equal(np.array(value[layer]), sample.read(layer)), layer
        indices = set(np.unique(np.array(value["class_mask"])).tolist())  # masks are indices, 255 for none
        assert indices <= {CLASSES.index(sample.row.class_), NO_CLASS}
        assert json.loads(value["recipe"]) == dict(sample.row.recipe)


def test_the_card_states_the_features_as_hubs_do(exported):
    yaml = pytest.importorskip("yaml")
    _, out = exported
    _, head, _ = (out / "README.md").read_text().split("---\n", 2)
    values = yaml.safe_load(head)
    assert values["configs"] == [
        {"config_name": "default", "data_files": [{"split": "test", "path": "data/test-*.parquet"}]}
    ]
    stated = datasets.Features._from_yaml_list(values["dataset_info"]["features"])
    in_files = datasets.Features.from_arrow_schema(parquet.read_schema(files_of(out)[0]))
    assert stated == in_files


def test_groups_end_by_bytes_and_pages_have_an_index(exported, tmp_path, monkeypatch):
    made, _ = exported
    weights = [sum(sample.path(layer).stat().st_size for layer in LAYERS) for sample in made]
    most = 3 * max(weights)
    monkeypatch.setattr("simd.dataset.exports.parquet.GROUP_BYTES", most)
    export(made, tmp_path / "out", to="parquet", any_licence=True)
    (path,) = files_of(tmp_path / "out")
    metadata = parquet.ParquetFile(path).metadata
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    assert len(groups) >= len(made) // 4
    assert sum(group.num_rows for group in groups) == len(made)
    assert all(group.total_byte_size < most + 4096 * group.num_rows for group in groups)
    assert min(group.num_rows for group in groups[:-1]) >= 3
    columns = [group.column(number) for group in groups for number in range(group.num_columns)]
    assert all(column.has_offset_index for column in columns)
    assert {column.path_in_schema for column in columns if column.has_column_index} >= {"id", "class"}
    assert import_set(tmp_path / "out", tmp_path / "back").digest == made.digest


@pytest.mark.slow  # 100 MB of noise
def test_large_pictures_stay_below_what_viewers_refuse(tmp_path):
    """Nine pictures of 4 megapixels of noise: 12 MB each, which 16 rows a group would take to 109 MB."""
    rng = np.random.default_rng(0)
    for number in range(9):
        noise = rng.integers(0, 256, (2000, 2000, 3), dtype=np.uint8)
        save(tmp_path / "fgs" / "image" / f"{number}.png", noise, compress_level=0)
        save(tmp_path / "fgs" / "alpha" / f"{number}.png", soft_alpha(2000, 2000))
    made = import_set(tmp_path / "fgs", tmp_path / "set", class_="fur")
    export(made, tmp_path / "out", to="parquet", any_licence=True)
    (path,) = files_of(tmp_path / "out")
    metadata = parquet.ParquetFile(path).metadata
    sizes = [metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups)]
    assert sum(sizes) > 100_000_000
    assert max(sizes) <= 100_000_000
    assert len(sizes) == 2


def test_files_are_cut_by_bytes_or_as_many_as_asked(exported, tmp_path, monkeypatch):
    made, out = exported
    assert [path.name for path in files_of(out)] == [f"test-{n:05d}-of-00003.parquet" for n in range(3)]
    assert [parquet.ParquetFile(path).metadata.num_rows for path in files_of(out)] == [6, 6, 6]
    total = sum(sample.path(layer).stat().st_size for sample in made for layer in LAYERS)
    monkeypatch.setattr("simd.dataset.exports.parquet.FILE_BYTES", total // 4)
    export(made, tmp_path / "out", to="parquet", any_licence=True)
    assert len(files_of(tmp_path / "out")) == 5


def test_other_features_are_refused(exported, copy, tmp_path):
    path = files_of(copy)[1]
    table = parquet.read_table(path)
    parquet.write_table(table.drop_columns(["alpha", "trimap"]), path)
    message = r"has other features than an export of a set: alpha, trimap are missing or of another type"
    with pytest.raises(BatchError, match=message):
        import_set(copy, tmp_path / "back")
    numbers = pa.array(list(map(str, range(len(table)))))
    parquet.write_table(table.set_column(table.column_names.index("class"), "class", numbers), path)
    with pytest.raises(BatchError, match="features than an export of a set: class is missing or of another"):
        import_set(copy, tmp_path / "other")
    shutil.copy(files_of(exported[1])[1], path)
    assert import_set(copy, tmp_path / "other").digest == exported[0].digest


def test_a_parquet_of_others_is_no_set(tmp_path):
    (tmp_path / "data").mkdir()
    parquet.write_table(pa.table({"a": [1]}), tmp_path / "data" / "a.parquet")
    with pytest.raises(BatchError, match="has no columns of images and mattes"):
        import_set(tmp_path, tmp_path.with_name("back"), kind="parquet")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_file_cut_short_costs_its_own_rows_and_the_whole_one_mends_it(exported, copy, tmp_path, share):
    made, _ = exported
    path = files_of(copy)[2]
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(
        BatchError, match=rf"6 of 18 images failed(.|\n)*{path}: is no parquet file, is cut short"
    ):
        import_set(copy, tmp_path / "back")
    path.unlink()
    with pytest.raises(BatchError, match=rf"{path}: is missing"):
        import_set(copy, tmp_path / "back")
    path.write_bytes(whole)
    assert import_set(copy, tmp_path / "back").digest == made.digest


def test_doubled_and_foreign_files_are_told_apart(copy, tmp_path, tiny_set):
    shutil.copy(files_of(copy)[0], copy / "data" / "more.parquet")
    with pytest.raises(
        BatchError, match=r"data/more\.parquet: is no file of this export; two exports lie in"
    ):
        import_set(copy, tmp_path / "back")
    (copy / "data" / "more.parquet").unlink()
    shutil.copy(files_of(copy)[0], files_of(copy)[1])
    with pytest.raises(BatchError, match=r"12 of 18 images failed(.|\n)*: the id stands twice"):
        import_set(copy, tmp_path / "other")
    export(tiny_set, tmp_path / "tiny", to="parquet", any_licence=True)
    shutil.copy(files_of(tmp_path / "tiny")[0], files_of(copy)[1])
    with pytest.raises(BatchError, match=rf"is a file of another set \(digest {tiny_set.digest[:12]}\) than"):
        import_set(copy, tmp_path / "third")


def test_images_and_rows_that_were_changed_are_found_out(copy, tmp_path):
    path = files_of(copy)[0]
    table = parquet.read_table(path)
    rows = table.to_pylist()
    rows[0]["alpha"], rows[1]["trimap"] = rows[1]["alpha"], {"bytes": None, "path": "/etc/passwd"}
    rows[0]["alpha"] = {"bytes": rows[2]["trimap"]["bytes"], "path": None}
    parquet.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    with pytest.raises(BatchError) as caught:
        import_set(copy, tmp_path / "back")
    first, second = (row["id"] for row in rows[:2])
    assert caught.value.failures == {
        first: f"{path}, {first}, alpha: its pixels are not those that were built; get the file again",
        second: f"{path}: its trimap is not inside; paths are not followed",
    }
    rows = table.to_pylist()
    rows[0]["licence"] = "mine"
    parquet.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    with pytest.raises(DataError, match="a licence, a name or another fact in its rows is not the one"):
        import_set(copy, tmp_path / "other")
    rows[0]["class"] = 20
    parquet.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    with pytest.raises(BatchError, match=r"a class is none of the 20 \(class 20\)"):
        import_set(copy, tmp_path / "third")
