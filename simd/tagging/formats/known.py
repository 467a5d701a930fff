"""The foregrounds that masks of others may belong to, found by whatever other tools call their images."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from simd.addresses import AddressBook, Known, file_name_of, without_ending
from simd.errors import DataError
from simd.records import Foreground
from simd.sources import check_named, index_foregrounds
from simd.tagging.formats.labelled import Labelled, file_stem


class KnownForegrounds:
    """Foregrounds of a folder, and those that a folder of annotations names.

    Parameters
    ----------
    origin, kind, classes : optional
        As :func:`simd.sources.index_foregrounds` takes them; without an origin none are known.
    """

    def __init__(self, origin: str | None, kind: str | None, classes: Path | None) -> None:
        self.origin = origin
        self.records: dict[str, Foreground] = {}
        self.broken: dict[str, str] = {}
        check_named(origin, kind, classes)
        if origin is not None:
            index = index_foregrounds(origin, kind, classes=classes)
            self.records = {fg.id: fg for fg in index.records}
            self.broken = dict(index.problems)
        self._shared = Counter(fg.file.name for fg in self.records.values() if fg.file is not None)

    def image_name(self, fg_id: str) -> str:
        """Return the name of a foreground's image, "" where none is known or several images share it."""
        fg = self.records.get(fg_id)
        if fg is None or fg.file is None or self._shared[fg.file.name] > 1:
            return ""
        return fg.file.name

    def absent(self, fg_id: str) -> str:
        """Return why a foreground is not among the records, "" if it is or no folder was named."""
        if self.origin is None or fg_id in self.records:
            return ""
        reason = self.broken.get(fg_id) or self.broken.get(file_stem(fg_id))
        return (
            f"its foreground is broken: {reason}"
            if reason
            else f"no foreground of {self.origin} has its name"
        )

    def finder(self, owned: Iterable[str]) -> "Finder":
        """Return what finds a foreground, those of `owned` ids included."""
        return Finder(self, owned)


class Finder:
    """Finds the foreground that a mask of another tool belongs to."""

    def __init__(self, known: KnownForegrounds, owned: Iterable[str]) -> None:
        self._known = known
        self._ids = dict.fromkeys([*known.records, *owned])
        self._book = AddressBook(_entry(fg_id, known.records.get(fg_id)) for fg_id in self._ids)
        # those that are broken are names, too: one of them never passes for another
        self._broken = AddressBook(_entry(name, None) for name in known.broken)

    def find(self, item: Labelled) -> str:
        """Return the id of a foreground, or say why there is none (DataError)."""
        if item.named_by == "id" and item.name in self._ids:
            return item.name
        is_stem = item.named_by == "stem"
        broken = self._broken.find(item.name, is_stem=is_stem)
        fg_id = self._book.find(item.name, is_stem=is_stem)
        if broken is not None and (fg_id is None or not self._is_nearer(fg_id, item.name)):
            raise DataError(f"its foreground is broken: {self._known.broken[broken]}")
        if fg_id is not None:
            return fg_id
        has_folder = self._known.origin is not None
        where = "none in the folder has it" if has_folder else "--foregrounds FOLDER says where they are"
        raise DataError(f"no foreground of that name is known; {where}")

    def _is_nearer(self, fg_id: str, address: str) -> bool:
        """Tell whether an address names a good foreground as it is, whatever else it may mean."""
        name = file_name_of(address)
        return fg_id in (address, name, without_ending(name))


def _entry(fg_id: str, fg: Foreground | None) -> Known:
    stem = file_stem(fg_id)
    file_name = fg.file.name if fg is not None and fg.file is not None else f"{stem}.png"
    return Known(fg_id, stem, file_name)
