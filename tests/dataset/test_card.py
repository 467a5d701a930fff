"""README.md of a set: a head that hubs read, the same wherever the set is built, outside of all digests."""

import json
import shutil

import numpy as np
import pytest
from conftest import save, soft_alpha

from simd.composition.build import build
from simd.dataset.card import card, is_card
from simd.dataset.manifest import load_set
from simd.dataset.verify import verify


def head_of(text):
    yaml = pytest.importorskip("yaml")
    _, head, _ = text.split("---\n", 2)
    return yaml.safe_load(head)


def test_the_head_is_what_hubs_read(tmp_path, foregrounds, backgrounds):
    of = {"foregrounds": foregrounds, "backgrounds": backgrounds, "name": 'mine: "a" \\ #1'}
    built = build(tmp_path / "set", licence="CC-BY-4.0", background_licence="CC0-1.0", **of)
    head = head_of((built.path / "README.md").read_text())
    assert head == {
        "pretty_name": 'mine: "a" \\ #1',
        "license": ["cc-by-4.0", "cc0-1.0"],
        "task_categories": ["image-segmentation"],
        "tags": ["image-matting", "alpha-matte", "trimap"],
        "size_categories": ["n<1K"],
    }


def test_the_hub_library_reads_the_card(tiny_set):
    hub = pytest.importorskip("huggingface_hub")
    data = hub.DatasetCard.load(tiny_set.path / "README.md").data
    assert data.pretty_name == "exact-0"
    assert data.license == "other"  # the licences of these foregrounds are unknown
    assert data.license_link == "ATTRIBUTION.md"


def test_the_card_says_what_the_set_holds_and_nothing_of_where_and_when(tiny_set, tmp_path):
    text = (tiny_set.path / "README.md").read_text()
    assert "6 images of 6 foregrounds over 3 backgrounds" in text
    assert "| fur | 1 | 1 |" in text
    assert tiny_set.digest in text
    assert str(tmp_path) not in text
    shutil.copytree(tiny_set.path, tmp_path / "elsewhere" / "copy")
    copied = load_set(tmp_path / "elsewhere" / "copy")
    assert card(copied.info, copied.rows) == text


@pytest.mark.parametrize("workers", [1, 2])
def test_the_card_is_the_same_however_it_is_built(tiny_set, foregrounds, backgrounds, tmp_path, workers):
    of = {"foregrounds": foregrounds, "backgrounds": backgrounds, "any_licence": True}
    again = build(tmp_path / "again", workers=workers, **of)
    assert (again.path / "README.md").read_bytes() == (tiny_set.path / "README.md").read_bytes()


def test_a_set_without_a_card_or_with_another_is_the_same_set(tiny_set, run_cli, tmp_path):
    (tiny_set.path / "README.md").write_text("mine")
    assert verify(tiny_set.path).digest == tiny_set.digest
    (tiny_set.path / "README.md").unlink()
    assert verify(tiny_set.path).digest == tiny_set.digest
    assert load_set(tiny_set.path).info == tiny_set.info


def test_a_card_that_somebody_has_changed_is_not_replaced(tiny_set, foregrounds, backgrounds, run_cli):
    file = tiny_set.path / "README.md"
    assert is_card(file)
    file.write_text(file.read_text().replace("# exact-0", "# Mine"))
    assert not is_card(file)
    command = ("build", tiny_set.path, "--foregrounds", foregrounds, "--backgrounds", backgrounds)
    done = run_cli(*command, "--any-licence", "--seed", 1, "--overwrite")
    assert done.code == 1
    assert "holds what is not of the set, README.md" in done.err
    assert run_cli(*command, "--any-licence").code == 0  # the same set, whoever has written its card
    assert "# Mine" in file.read_text()


def test_an_imported_set_has_a_card(run_cli, tmp_path):
    for layer, pixels in {"original": np.full((64, 80, 3), 9, np.uint8), "mask": soft_alpha()}.items():
        save(tmp_path / "AIM-500" / layer / f"o_1.{'jpg' if layer == 'original' else 'png'}", pixels)
    run_cli("import", tmp_path / "AIM-500", tmp_path / "set", "--class", "fur", "--name", "mine", "--json")
    info = json.loads((tmp_path / "set" / "dataset.json").read_text())
    assert f"# {info['name']}\n" in (tmp_path / "set" / "README.md").read_text()
