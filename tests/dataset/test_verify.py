import json
import shutil

import numpy as np
import pytest
from conftest import save
from PIL import Image

from simd.dataset.manifest import load_set
from simd.dataset.verify import verify
from simd.errors import BatchError, DataError
from simd.records import LAYERS


def pixels_of(path):
    with Image.open(path) as image:
        return np.array(image)


def problems_of(matting_set, workers=1):
    with pytest.raises(BatchError) as caught:
        verify(load_set(matting_set.path), workers=workers)
    return caught.value.failures


def test_a_fresh_set_is_as_built(tiny_set, run_cli):
    verify(tiny_set)
    done = run_cli("verify", tiny_set.path)
    assert done.code == 0
    assert done.out == f"{tiny_set.path}: all 6 composites are as built\ndigest {tiny_set.digest}\n"


def test_a_copy_written_by_another_program_is_as_built(tiny_set, tmp_path):
    copy = tmp_path / "elsewhere"
    shutil.copytree(tiny_set.path, copy)
    for layer in LAYERS:
        for path in (copy / layer).iterdir():
            before = path.read_bytes()
            save(path, pixels_of(path), compress_level=9, dpi=(72, 72))
            assert path.read_bytes() != before
    verify(load_set(copy))
    assert load_set(copy).digest == tiny_set.digest


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("place", [(0, 0), (-1, -1), (30, 41)])
def test_one_changed_pixel_is_found(tiny_set, layer, place):
    path = tiny_set[3].path(layer)
    pixels = pixels_of(path)
    if layer == "trimap":
        pixels[place] = {0: 128, 128: 255, 255: 0}[int(pixels[place])]
    elif layer == "image":
        pixels[(*place, 2)] ^= 1
    else:
        pixels[place] ^= 1
    save(path, pixels)
    assert problems_of(tiny_set) == {f"{layer}/{path.name}": "its pixels are not those that were built"}


@pytest.mark.parametrize("layer", LAYERS)
def test_a_flipped_bit_of_a_file_is_found(tiny_set, layer):
    path = tiny_set[0].path(layer)
    data = bytearray(path.read_bytes())
    data[60] ^= 1  # inside the compressed pixels, which a checksum guards
    path.write_bytes(data)
    (name,) = problems = problems_of(tiny_set)
    assert name == f"{layer}/{path.name}"
    assert "is damaged" in problems[name]


def test_trimaps_of_strange_values_are_named(tiny_set):
    path = tiny_set[0].path("trimap")
    pixels = pixels_of(path)
    pixels[0, 0] = 1
    save(path, pixels)
    (reason,) = problems_of(tiny_set).values()
    assert reason == f"{path}: a trimap holds 0, 128 (unknown) and 255 only; this one also has 1"


@pytest.mark.parametrize("workers", [1, 2])
def test_all_problems_are_listed_together(tiny_set, workers):
    gone, first, second = tiny_set[0].path("alpha"), tiny_set[1].path("image"), tiny_set[2].path("image")
    gone.unlink()
    first.rename(first.with_suffix(".tmp"))
    second.rename(first)
    first.with_suffix(".tmp").rename(second)
    (tiny_set.path / "trimap" / "notes.txt").write_text("mine")
    shutil.copy(tiny_set[3].path("image"), tiny_set.path / "image" / "fur-00000000.png")
    found = problems_of(tiny_set, workers)
    assert found == {
        f"alpha/{gone.name}": f"{gone}: no such file",
        f"image/{first.name}": "its pixels are not those that were built",
        f"image/{second.name}": "its pixels are not those that were built",
        "image/fur-00000000.png": "is not part of the set",
        "trimap/notes.txt": "is not part of the set",
    }


def test_layers_of_other_sizes_are_found(tiny_set):
    sample = tiny_set[0]
    save(sample.path("alpha"), pixels_of(sample.path("alpha"))[:-1])
    assert problems_of(tiny_set) == {
        f"alpha/{sample.row.id}.png": "is 63 x 80, the composite is 64 x 80",
    }


def edit(path, change):
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    change(rows)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.pop(), r"metadata\.jsonl is not the one that dataset\.json was written for"),
        (lambda rows: rows[0].update({"class": "silk"}), "is not the one that"),
        (
            lambda rows: rows[0].update(id="fire-00000000"),
            r"metadata\.jsonl:1: .*: image_file_name is '.*', its file is image/fire-00000000\.png",
        ),
        (lambda rows: rows[0].update(alpha_sha256="0" * 64), "is not the one that"),
        (
            lambda rows: rows[1].update({"class": "hair"}),
            r"metadata\.jsonl:2: .* unknown class 'hair'; did you",
        ),
        (lambda rows: rows[1].update(id="../x"), r"metadata\.jsonl:2: id '\.\./x' must consist of"),
        (lambda rows: rows[2].pop("seed"), r"metadata\.jsonl:3: composite .* lacks seed"),
        (lambda rows: rows[2].update(classes=None), r"metadata\.jsonl:3: "),
    ],
)
def test_edited_metadata_is_refused(tiny_set, run_cli, change, message):
    edit(tiny_set.path / "metadata.jsonl", change)
    with pytest.raises(DataError, match=message):
        load_set(tiny_set.path)
    assert run_cli("verify", tiny_set.path).code == 1


def test_rows_in_another_order_are_the_same_set(tiny_set):
    edit(tiny_set.path / "metadata.jsonl", lambda rows: rows.reverse())
    assert load_set(tiny_set.path).digest == tiny_set.digest


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "the key 'name' is missing; restore the file from where the set came from, or build the set"),
        ("[]", "is not the dataset.json of a set, but a list"),
        ("{", "is not JSON"),
    ],
)
def test_a_damaged_dataset_json_is_named(tiny_set, text, message):
    (tiny_set.path / "dataset.json").write_text(text)
    with pytest.raises(DataError, match=rf"dataset\.json: {message}"):
        load_set(tiny_set.path)


FACTS = {
    "licence": "CC0-1.0",
    "fg_id": "somebody.png",
    "bg_id": None,
    "bg_licence": "CC0-1.0",
    "alpha_kind": "reference",
    "seed": 3,
    "recipe": {"height": 64, "width": 80, "k": 0},
    "classes": ["fur", "net"],
}


@pytest.mark.parametrize("key", FACTS)
def test_every_fact_of_a_row_is_the_one_that_was_written(tiny_set, run_cli, key):
    edit(tiny_set.path / "metadata.jsonl", lambda rows: rows[1].update({key: FACTS[key]}))
    done = run_cli("verify", tiny_set.path)
    assert done.code == 1
    assert "metadata.jsonl: a licence, a name or another fact in its rows is not the one that" in done.err
    assert "digests.rows" in done.err


def test_rows_of_a_set_from_before_are_read_with_a_remark(tiny_set, run_cli):
    path = tiny_set.path / "dataset.json"
    info = json.loads(path.read_text())
    assert load_set(tiny_set.path).digest == info["digests"]["set"]
    del info["digests"]["rows"]
    path.write_text(json.dumps(info))
    done = run_cli("verify", tiny_set.path)
    assert done.code == 0
    assert f"{path}: states no digest of whole rows, as it was written by an earlier simd" in done.err


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("counts.composites", lambda info: info["counts"].update(composites=7)),
        (
            "counts.classes.fur.foregrounds",
            lambda info: info["counts"]["classes"]["fur"].update(foregrounds=2),
        ),
        (
            "counts.classes.silk.composites",
            lambda info: info["counts"]["classes"].update(silk=info["counts"]["classes"]["fur"]),
        ),
        ("counts.classes.fur", lambda info: info["counts"]["classes"].pop("fur")),
        ("protocol", lambda info: info.update(protocol="adobe-2017")),
        ("digests.trimaps", lambda info: info["digests"].update(trimaps="0" * 64)),
        ("digests.images", lambda info: info["digests"].update(images="0" * 64)),
        ("sources[0].licences", lambda info: info["sources"][0].update(licences={"CC0-1.0": 6})),
        ("sources[1].licences", lambda info: info["sources"][1].update(kind="coco")),
        ("sources", lambda info: info["sources"].pop()),
    ],
)
def test_dataset_json_says_what_the_rows_come_to(tiny_set, key, change):
    path = tiny_set.path / "dataset.json"
    info = json.loads(path.read_text())
    change(info)
    path.write_text(json.dumps(info))
    with pytest.raises(DataError, match="is not what the rows of metadata") as caught:
        load_set(tiny_set.path)
    assert str(caught.value).startswith(
        f"{path}: {key} is not what the rows of metadata.jsonl come to; restore"
    )


def test_a_folder_without_a_set_is_named(tmp_path, run_cli):
    done = run_cli("verify", tmp_path)
    assert done.code == 1
    message = "is not a set, it has no dataset.json; give the folder that simd build or simd import has made"
    assert done.err == f"simd: {tmp_path}: {message}\n"
