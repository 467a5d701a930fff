"""Names in CSV files and of pairs, as other systems write them."""

import unicodedata

import numpy as np
import pytest
from PIL import Image

from simd.sources import index_foregrounds
from simd.sources.folder import with_stems_of


def pair(root, fg, alpha):
    for kind, name, shape in (("fg", fg, (8, 9, 3)), ("alpha", alpha, (8, 9))):
        (root / kind).mkdir(parents=True)
        values = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        Image.fromarray(values).save(root / kind / f"{name}.png")
    return root


@pytest.mark.parametrize("row", [r"fg\cat.png", " cat.png", "CAT.png", r"C:\set\fg\cat.png", "cat"])
def test_a_row_of_a_class_file_names_its_file_as_other_systems_write_it(row, tmp_path):
    pair(tmp_path, "cat", "cat")
    (tmp_path / "classes.csv").write_text(f"file,class\n{row},fur\n")
    index = index_foregrounds(str(tmp_path))
    assert [(fg.id, fg.classes) for fg in index.records] == [("cat", ("fur",))]


@pytest.mark.parametrize("alpha", [unicodedata.normalize("NFC", "fur_caf\u00e9"), "FUR_CAF\u00c9"])
def test_the_two_files_of_a_pair_may_spell_their_name_in_two_ways(alpha, tmp_path):
    name = unicodedata.normalize("NFD", "fur_caf\u00e9")
    index = index_foregrounds(str(pair(tmp_path, name, alpha)))
    assert [fg.id for fg in index.records] == [name]
    assert (index.missing, index.broken) == ({}, {})


def test_names_that_could_mean_several_stay_apart(tmp_path):
    files = {"cat": tmp_path / "cat.png", "Cat": tmp_path / "Cat.png"}
    assert with_stems_of({"CAT"}, files) == files
    assert with_stems_of({"Cat"}, files) == files
    assert with_stems_of({"CAT", "x"}, {"cat": tmp_path}) == {"CAT": tmp_path}


def test_rows_that_name_no_file_are_said(tmp_path):
    pair(tmp_path, "cat", "cat")
    rows = "".join(f"dog{n}.png,fur\n" for n in range(7))
    (tmp_path / "classes.csv").write_text(f"file,class\ncat.png,fur\n{rows}")
    index = index_foregrounds(str(tmp_path))
    assert len(index.records) == 1
    reason = "7 of 8 names are of no file here: dog0, dog1, dog2, dog3, dog4, ..."
    assert index.problems == index.unused == {str(tmp_path / "classes.csv"): reason}
