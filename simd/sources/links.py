"""What lies in a folder from elsewhere: links may not lead out of it, and images are files."""

import os
from dataclasses import replace
from pathlib import Path

from simd.files import real_path
from simd.formats import is_image_name
from simd.sources.folder import not_a_file
from simd.sources.index import AnyRecord, Index, files_of


def checked_index(index: Index[AnyRecord], origin: str) -> Index[AnyRecord]:
    """Return an index in which links out of the folder, and images that are no files, are broken."""
    return _without_links_out(_with_images_that_are_no_files(index, origin), origin)


def _with_images_that_are_no_files(index: Index[AnyRecord], origin: str) -> Index[AnyRecord]:
    """Move folders, pipes and the like that are named as images from the extra files to the broken ones.

    Those that are named already, as the partner that a file lacks, stay where they are.
    """
    broken = {}
    for name in filter(is_image_name, index.extra):
        path = Path(origin, name)
        reason = not_a_file(path) if os.path.lexists(path) else ""
        if reason and not any(path.name in text for text in index.missing.values()):
            broken[name] = reason
    if not broken:
        return index
    extra = tuple(name for name in index.extra if name not in broken)
    return replace(index, extra=extra, broken=index.broken | broken, expected=index.expected + len(broken))


def _without_links_out(index: Index[AnyRecord], origin: str) -> Index[AnyRecord]:
    """Move records whose files are links to outside the folder to the broken ones.

    An archive can hold a link to any file of the machine. Linking a whole folder is the user's own doing
    and is followed.
    """
    root = real_path(origin)
    broken = {}
    for record in index.records:
        for file, _ in files_of(record):
            if file.is_symlink() and not real_path(file).is_relative_to(root):
                broken[record.id] = (
                    f"{file}: is a link out of {origin}; copy the file there, or link its folder"
                )
    if not broken:
        return index
    kept = tuple(record for record in index.records if record.id not in broken)
    return replace(index, records=kept, broken=index.broken | broken)
