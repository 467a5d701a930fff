"""Links in a folder from elsewhere may not lead out of it."""

from dataclasses import replace

from simd.files import real_path
from simd.sources.index import AnyRecord, Index, files_of


def without_links_out(index: Index[AnyRecord], origin: str) -> Index[AnyRecord]:
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
