"""Write the class mask of this folder with simd's exporters, for `peers.py check`: python ours.py FOLDER."""

import sys
from pathlib import Path

from simd.image import read_indices
from simd.tagging.formats import FORMATS
from simd.tagging.formats.labelled import Labelled

FILES = {
    "coco": "coco.json",
    "coco-panoptic": "coco_panoptic",
    "cvat-mask": "cvat_mask.zip",
    "cvat-images": "cvat_images.xml",
    "label-studio": "label_studio.json",
}

if __name__ == "__main__":
    out = Path(sys.argv[1])
    out.mkdir(parents=True)
    mask = read_indices(Path(__file__).with_name("class_mask.png"))
    for name, file in FILES.items():
        FORMATS[name].write([Labelled("example", mask)], out / file)
