import numpy as np
import pytest
from boards_by_hand import BOX, SIDE, write_tiny_set
from conftest import restated, save

from simd.dataset.manifest import load_set
from simd.errors import BatchError, DataError
from simd.report.embed.patches import read_patches
from simd.report.sample_regions import regions_of_sample
from simd.report.statistics.measure import measure_set
from simd.taxonomy import CLASSES
from simd.trimap import unknown_region


@pytest.fixture
def sample(tmp_path):
    return write_tiny_set(tmp_path / "set", classes=("fur",))[0]


def with_mask(sample, class_mask):
    """Return the sample as if it had been built with another class mask."""
    save(sample.path("class_mask"), class_mask)
    return restated(load_set(sample.root))[0]


def regions_with(sample, class_mask):
    return regions_of_sample(with_mask(sample, class_mask), unknown_region(sample.trimap))


def test_a_region_is_what_the_class_mask_and_the_unknown_region_share(sample):
    mask = np.full((SIDE, SIDE), CLASSES.index("defocus"), np.uint8)  # class 0, also where alpha is known
    mask[:, 20:] = CLASSES.index("spider_web")
    mask[20:] = 255  # no class
    regions = regions_with(sample, mask)
    assert list(regions) == ["defocus", "spider_web"]
    # the box is rows and columns 16 to 31: 4 rows above 20, and 4 and 12 columns beside 20
    assert {name: int(region.sum()) for name, region in regions.items()} == {"defocus": 16, "spider_web": 48}
    assert not regions["defocus"][: BOX.start].any()


def test_without_a_class_mask_there_are_none(sample):
    sample.path("class_mask").unlink()
    assert regions_of_sample(sample, unknown_region(sample.trimap)) is None


@pytest.mark.parametrize(
    ("class_mask", "message"),
    [
        (np.full((SIDE, SIDE), 20, np.uint8), r"holds 20; classes are 0\.\.19, and 255 means no class"),
        (np.zeros((5, 5), np.uint8), r"is 5 x 5, the composite is 48 x 48"),
    ],
)
def test_a_bad_class_mask_is_named_by_all_that_read_it(sample, class_mask, message):
    with pytest.raises(DataError, match=message):
        regions_with(sample, class_mask)
    for read in (measure_set, lambda tiny: read_patches(tiny, "none")):
        with pytest.raises(BatchError, match=message):
            read(load_set(sample.path("image").parent.parent))
