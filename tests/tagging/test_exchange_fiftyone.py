"""FiftyOne itself reads our labels, and we read what it writes."""

import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from simd.tagging.formats import FORMATS
from simd.tagging.formats.labelled import Labelled, class_names
from simd.taxonomy import CLASSES

pytestmark = pytest.mark.fiftyone

# Runs by itself: FiftyOne opens its database when it is imported.
IN_FIFTYONE = """
import json, sys
import fiftyone as fo

folder, out = sys.argv[1:]
targets = {int(key): name for key, name in json.load(open(f"{folder}/mask_targets.json")).items()}
dataset = fo.Dataset.from_dir(dataset_dir=folder, dataset_type=fo.types.ImageSegmentationDirectory)
dataset.default_mask_targets = targets
dataset.save()
(sample,) = dataset
mask = sample.ground_truth.get_mask()
print(json.dumps({"mask": mask.tolist(), "targets": dataset.default_mask_targets}))
dataset.export(export_dir=out, dataset_type=fo.types.ImageSegmentationDirectory, label_field="ground_truth")
"""


@pytest.mark.slow
def test_labels_pass_through_fiftyone(tmp_path):
    if importlib.util.find_spec("fiftyone") is None:
        pytest.skip("FiftyOne is not installed")
    from tools.mongod import running_mongod

    y, x = np.mgrid[:30, :44]
    mask = ((x // 5 + 3 * (y // 4)) % 21).astype(np.uint8)
    mask[mask == 20] = 255
    item = Labelled("fur cat", mask, picture=_picture(mask.shape))
    FORMATS["fiftyone"].write([item], tmp_path / "set")
    with running_mongod() as uri:
        environment = os.environ | {
            "FIFTYONE_DATABASE_URI": uri,
            "FIFTYONE_DO_NOT_TRACK": "true",
            "HOME": str(tmp_path),
        }
        done = subprocess.run(
            [sys.executable, "-c", IN_FIFTYONE, str(tmp_path / "set"), str(tmp_path / "out")],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    seen = np.array(told["mask"])
    for index, name in enumerate(CLASSES):
        (number,) = (int(key) for key, value in told["targets"].items() if value == name)
        assert number != 0  # what the App takes for background
        assert np.array_equal(seen == number, mask == index)
    assert np.array_equal(seen == 0, mask == 255)
    shutil.copy(tmp_path / "set" / "mask_targets.json", tmp_path / "out")  # it exports none
    (back,) = FORMATS["fiftyone"].read(tmp_path / "out", class_names({}))
    assert back.name == "fur cat"
    assert np.array_equal(back.class_mask, mask)


def _picture(size):
    stream = io.BytesIO()
    Image.fromarray(np.zeros((*size, 3), np.uint8)).save(stream, "PNG")
    return stream.getvalue()
