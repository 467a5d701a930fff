"""The two trimaps of alphamatting.com's training images, as sets of the same images."""

import numpy as np
import pytest
from conftest import save, soft_alpha

from simd.composition.import_finished import import_set
from simd.errors import BatchError
from simd.methods.predict import predict
from simd.metrics.evaluate import evaluate
from simd.metrics.ranks import OVERALL, rank_files


@pytest.fixture
def training(tmp_path):
    """Write two of the images with a narrow and a wide trimap each."""
    root = tmp_path / "alphamatting"
    for seed, name in enumerate(("GT01", "GT02")):
        alpha = soft_alpha(seed=seed)
        colour = np.random.default_rng(seed).integers(0, 256, (*alpha.shape, 3), np.uint8)
        save(root / "input_training_lowres" / f"{name}.png", colour)
        save(root / "gt_training_lowres" / f"{name}.png", alpha)
        narrow = np.where(alpha == 0, 0, np.where(alpha == 255, 255, 128)).astype(np.uint8)
        wide = narrow.copy()
        wide[:, :10] = 128
        for folder, trimap in (("Trimap1", narrow), ("Trimap2", wide)):
            save(root / "trimap_training_lowres" / folder / f"{name}.png", trimap)
    return root


def test_the_two_trimaps_make_sets_of_the_same_images_that_are_ranked_together(training, tmp_path):
    first = import_set(training, tmp_path / "one", unlabelled=True)
    second = import_set(training, tmp_path / "two", kind="alphamatting-trimap2", unlabelled=True)
    assert (first.name, second.name) == ("alphamatting", "alphamatting-trimap2")
    assert [row.id for row in first.rows] == [row.id for row in second.rows]
    assert [row.image_sha256 for row in first.rows] == [row.image_sha256 for row in second.rows]
    assert all(a.trimap_sha256 != b.trimap_sha256 for a, b in zip(first.rows, second.rows, strict=True))
    for folder in ("one", "two"):
        for method in ("trimap", "zeros"):
            mattes = tmp_path / "mattes" / f"{folder}-{method}"
            predict("trimap", tmp_path / folder, mattes)
            if method == "zeros":
                for path in mattes.glob("*.png"):
                    save(path, np.zeros_like(soft_alpha()))
            scores = tmp_path / "scores" / f"{folder}-{method}"
            evaluate(mattes, tmp_path / folder, name=method, out=scores)
    sad = rank_files([tmp_path / "scores"])[0]
    assert (sad.images, sad.trimaps) == (2, ("alphamatting", "alphamatting-trimap2"))
    assert set(sad.methods[0].mean_rank) == {OVERALL, "alphamatting", "alphamatting-trimap2"}


def test_a_second_trimap_that_is_not_there_is_not_made_up(training, tmp_path):
    (training / "trimap_training_lowres" / "Trimap2" / "GT02.png").unlink()
    with pytest.raises(BatchError, match="GT02"):
        import_set(training, tmp_path / "set", kind="alphamatting-trimap2", unlabelled=True)
