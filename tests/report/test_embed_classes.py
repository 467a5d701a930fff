"""What the descriptors are for: generated classes lie apart, and real mattes near their own class."""

import csv

import numpy as np
import pytest

from simd.features.descriptors import describe
from simd.generator import synthetic
from simd.image import read_alpha
from simd.report.embed.neighbours import measure_neighbours, nearest_classes
from simd.report.embed.tsne import Scaling
from simd.taxonomy import CLASSES, class_name
from simd.trimap import trimap_of, unknown_region

PER_CLASS = 5
FIRST_KINDS = ("hand_cut", "reference", "derived")


def described(alpha):
    return describe(alpha, unknown_region(trimap_of(alpha, max(3, round(0.01 * min(alpha.shape))))))


@pytest.fixture(scope="module")
def generated():
    """Return descriptors and classes of five foregrounds of each class."""
    vectors = [described(synthetic(c, k, 256).alpha) for c in CLASSES for k in range(PER_CLASS)]
    return np.stack(vectors), np.repeat(np.arange(len(CLASSES)), PER_CLASS)


@pytest.mark.slow
def test_generated_classes_are_told_by_their_neighbours(generated):
    vectors, labels = generated
    found = measure_neighbours(Scaling(vectors)(vectors), labels, [f"fg {k}" for k in range(len(labels))])
    assert found.accuracy >= 0.7
    assert found.class_accuracy == pytest.approx(found.accuracy)


@pytest.mark.slow
def test_real_mattes_lie_near_their_own_class(generated, test_data):
    vectors, labels = generated
    real = test_data / "data" / "real"
    listed = csv.DictReader((real / "provenance.csv").read_text().splitlines())
    mattes = [row for row in listed if row["role"] == "alpha" and row["alpha_kind"] in FIRST_KINDS]
    scaling = Scaling(vectors)
    queries = scaling(np.stack([described(read_alpha(real / row["file"])) for row in mattes]))
    ranked = nearest_classes(scaling(vectors), labels, queries)
    own = [class_name(row["class_guess"].split("|")[0]) for row in mattes]
    within = [class_ in near[:5] for class_, near in zip(own, ranked, strict=True)]
    assert len(within) >= 25
    assert np.mean(within) >= 0.6, [f"{r['file']}: {n[:5]}" for r, n in zip(mattes, ranked, strict=True)]
