"""Where the class mask of a foreground is not what was stated of its classes."""

from simd.image import UInt8
from simd.records import Foreground
from simd.tagging.annotation_files import classes_in


def disagreement(fg: Foreground, class_mask: UInt8) -> str:
    """Return where a class mask and the classes that its source names differ, ``""`` if nowhere.

    One stated class is that of the image, beside which a mask may have others.
    """
    drawn, named = set(classes_in(class_mask)), set(fg.classes)
    parts = [
        ("has no pixel of", named - drawn),
        ("has pixels of", drawn - named if len(named) > 1 or not drawn & named else set()),
    ]
    sentences = [f"{verb} {', '.join(sorted(names))}" for verb, names in parts if names]
    if not named:
        return ""
    return f"source says {', '.join(fg.classes)}; the mask {' and '.join(sentences)}" if sentences else ""


def contradiction(fg: Foreground, class_mask: UInt8) -> str:
    """Return :func:`disagreement` where both cannot be right, ``""`` elsewhere.

    A mask contradicts one stated class if it has none of its pixels, and several if it has pixels of others.
    A mask that is empty, or lacks one of several classes, says less and contradicts nothing.
    """
    drawn, named = set(classes_in(class_mask)), set(fg.classes)
    contradicts = drawn and named and (drawn - named if len(named) > 1 else not drawn & named)
    return disagreement(fg, class_mask) if contradicts else ""
