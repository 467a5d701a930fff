import json
import re
from itertools import pairwise

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from simd.errors import DataError
from simd.taxonomy import (
    CLASSES,
    NO_CLASS,
    TAXONOMY,
    annotations_dir,
    class_from_prefix,
    class_index,
    class_name,
    parse_classes,
    suggest,
)

# The order that class masks, networks and boards rely on (DESIGN section 3).
CONTRACT = (
    "defocus fire fur glass_ice hair_easy hair_hard insect motion net flower leaf tree plastic_bag sharp "
    "smoke_cloud spider_web lace silk water_drop water_spray"
)
ALIASES = {
    "plant_flower": "flower",
    "plant_leaf": "leaf",
    "plant_tree": "tree",
    "texture_holed": "lace",
    "texture_smooth": "silk",
}

# "A Physiologically-based Model for Simulation of Color Vision Deficiency", Machado et al. 2009, severity 1;
# they multiply linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}


def seen_as(colour, sight):
    """Return the CIELAB colour in which a person sees "#rrggbb"."""
    encoded = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    seen = np.clip(SIGHT[sight] @ linear, 0, 1)
    return rgb2lab(np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055))


def test_the_classes_stand_in_the_order_of_the_contract():
    assert " ".join(CLASSES) == CONTRACT
    assert [c.index for c in TAXONOMY] == list(range(20))
    assert [class_index(name) for name in CLASSES] == list(range(20))
    assert NO_CLASS == 255
    assert json.loads((annotations_dir() / "classes.json").read_text("utf-8"))["no_class"] == 255


def test_the_names_of_the_2021_release_are_aliases():
    assert {alias: c.name for c in TAXONOMY for alias in c.aliases} == ALIASES
    assert {alias: class_name(alias) for alias in ALIASES} == ALIASES
    assert class_index("texture_holed") == 16


def test_every_class_is_defined_in_a_line_of_its_own():
    definitions = [c.definition for c in TAXONOMY]
    assert len(set(definitions)) == 20
    assert all(30 < len(text) < 120 and "\n" not in text for text in definitions)


def test_colours_are_unique():
    colours = [c.colour for c in TAXONOMY]
    assert len(set(colours)) == 20
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours)


@pytest.mark.parametrize("sight", SIGHT)
def test_neighbours_on_a_chart_are_told_apart(sight):
    seen = {c.name: seen_as(c.colour, sight) for c in TAXONOMY}
    near = {
        (a.name, b.name): distance
        for a, b in pairwise(TAXONOMY)
        if (distance := float(deltaE_ciede2000(seen[a.name], seen[b.name]))) < 20
    }
    assert near == {}


def test_the_check_of_colours_confuses_what_people_confuse():
    # a dark red and an olive of about its lightness: the pair that red-green blindness confuses
    red, green = "#a00000", "#4a5100"
    apart = {s: float(deltaE_ciede2000(seen_as(red, s), seen_as(green, s))) for s in SIGHT}
    assert apart["normal"] > 40
    assert apart["deuteranopia"] < apart["normal"] / 2


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("leaf", "leaf"),
        ("hair_easy_long_01", "hair_easy"),
        ("hair_hard-2", "hair_hard"),
        ("fur2", "fur"),
        ("water_drop.3", "water_drop"),
        ("plant_leaf 7", "leaf"),
        ("texture_smooth_veil", "silk"),
        ("glass_", None),
        ("glass_x", None),
        ("smoke_", None),
        ("smoke_train", None),
        ("hair_horse", None),
        ("water_glass", None),
        ("furniture", None),  # a prefix, but not a word
        ("leafy", None),
        ("my_leaf", None),
        ("Leaf_1", None),
        ("", None),
    ],
)
def test_a_class_is_read_from_whole_words_at_the_front_and_never_guessed(stem, name):
    assert class_from_prefix(stem) == name


def test_several_classes_are_split_and_the_first_is_primary():
    assert parse_classes("tree|leaf") == ("tree", "leaf")
    assert parse_classes(" plant_leaf | leaf|fur") == ("leaf", "fur")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("hair", "unknown class 'hair'; did you mean 'hair_easy' or 'hair_hard'?"),
        ("watr_drop", "unknown class 'watr_drop'; did you mean 'water_drop'"),
        ("zzz", "unknown class 'zzz'; known are defocus, fire, fur,"),
        ("", "unknown class ''; known are defocus,"),
    ],
)
def test_an_unknown_class_is_refused_with_near_names(name, message):
    with pytest.raises(DataError, match=re.escape(message)):
        class_name(name)


def test_an_unknown_class_among_several_is_named():
    with pytest.raises(DataError, match="unknown class 'tre'; did you mean 'tree'"):
        parse_classes("leaf|tre")


def test_at_most_three_names_are_suggested():
    assert suggest("a", ["a1", "a2", "a3", "a4"]) == "; did you mean 'a1' or 'a2' or 'a3'?"
