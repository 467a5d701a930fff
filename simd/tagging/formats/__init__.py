"""Annotations to and from the files of other tools, without losing a pixel: one module a format.

===========================================  ===============================================================
coco, cvat, label_studio, labelme,           the formats
fiftyone, parquet
convert                                      the commands: out to another tool, and another tool's work in
known                                        the foregrounds they belong to, by the names of others
labelled                                     a class mask on its way, and the rules by which regions of
                                             others become one
brush_strokes, stored_masks, index_plus_one  how masks are written by others
untrusted                                    archives, names, XML and images of others, checked
===========================================  ===============================================================
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, NamedTuple

from simd.errors import DataError
from simd.tagging.formats.labelled import Labelled, Names
from simd.taxonomy import suggest


class Format(NamedTuple):
    """A format of another tool."""

    title: str
    place: str  # "file" or "folder": what it is written to
    target: str  # module, and the functions that write and read it
    holds_pictures: bool = False  # whether the foregrounds' cut-outs go into it
    holds_urls: bool = False  # whether it says where a server has the images

    @property
    def write(self) -> Callable[[Iterable[Labelled], Path], None]:
        """The function that writes masks to a place."""
        write: Callable[[Iterable[Labelled], Path], None] = self._function(0)
        return write

    @property
    def read(self) -> Callable[[Path, Names], Iterator[Labelled]]:
        """The function that reads masks from a place, one after the other."""
        read: Callable[[Path, Names], Iterator[Labelled]] = self._function(1)
        return read

    def _function(self, number: int) -> Any:
        module, _, functions = self.target.partition(":")
        return resolve_name(f"simd.tagging.formats.{module}:{functions.split(',')[number]}")


FORMATS = {
    "coco": Format("COCO, run lengths", "file", "coco:write_rle,read_rle"),
    "coco-panoptic": Format("COCO panoptic", "folder", "coco:write_panoptic,read_panoptic"),
    "cvat-mask": Format("CVAT, Segmentation mask 1.1", "file", "cvat:write_masks,read_masks"),
    "cvat-images": Format("CVAT for images 1.1", "file", "cvat:write_xml,read_images"),
    "label-studio": Format("Label Studio, JSON", "file", "label_studio:write,read", holds_urls=True),
    "labelme": Format("labelme, mask shapes", "folder", "labelme:write,read"),
    "fiftyone": Format("FiftyOne, segmentation labels", "folder", "fiftyone:write,read", holds_pictures=True),
    "parquet": Format("Hugging Face parquet", "file", "parquet:write,read", holds_pictures=True),
}


def find_format(name: str) -> Format:
    """Return a format by its name; DataError with near names if there is none."""
    if name not in FORMATS:
        raise DataError(f"unknown format {name!r}{suggest(name, FORMATS)}")
    return FORMATS[name]
