r"""Which thing an address means that another tool wrote for it: a path, a URL, the name of an upload.

A name is first looked up as it is. Only what fits nothing is read further, step by step: without its folders,
percent-decoded, in another Unicode form or letter case, without the prefix that Label Studio gives an upload.
A step at which two things fit refuses both.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import product
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from simd.errors import DataError

ENDINGS = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".tif", ".tiff", ".webp", ".bmp", ".gif", ".tga"),
    *(".avif", ".heic", ".heif", ".jp2", ".jxl", ".psd", ".exr"),
)
"""What is taken for the ending of an image's name: ".2" of "fur_v1.2" is not one."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # two letters or more: C:/ is a drive
_DRIVE = re.compile(r"[A-Za-z]:")
_SERVED = re.compile(r"/\?(?:.*&)?d=([^&]*)")  # Label Studio serves a folder of its machine so
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(-|__)?")
_HEX = re.compile(r"([0-9a-f]{8}|[0-9a-f]{6})-(?=.)")
_NOT_KEPT = re.compile(r"[^-\w.]")  # by Label Studio, in the name of an upload
_FORMS = ("as it is", "composed", "folded", "uploaded")  # from the strictest to the loosest
_LOOSE = ("as it is", "composed", "folded")

_Table = dict[tuple[str, str], set[str]]


class Known(NamedTuple):
    """A thing that addresses may mean."""

    key: str
    exported: str  # what it is called where it goes out to other tools, without an ending
    file_name: str  # the name of its image, with the ending


class AddressBook:
    r"""Known things by every name that an address may have for them.

    Examples
    --------
    >>> book = AddressBook([Known("cat 1", "cat 1", "cat 1.png"), Known("v1", "v1", "v1.png")])
    >>> book.find("C:\\set\\cat 1.PNG"), book.find("/data/upload/7/0a1b2c3d-cat_1.png")
    ('cat 1', 'cat 1')
    >>> book.find("v1.2", is_stem=True) is None
    True
    """

    def __init__(self, things: Iterable[Known]) -> None:
        self._exported: dict[str, str] = {}
        self._files: _Table = {}
        self._names: _Table = {}
        self._last: _Table = {}
        for thing in things:
            self._exported[thing.exported] = thing.key
            stem = without_ending(thing.file_name)
            for table, names in (
                (self._files, [thing.file_name]),
                (self._names, [thing.key, thing.exported]),
                (self._last, [last_part(thing.key), last_part(thing.exported), stem]),
            ):
                for form, name in product(_FORMS, names):
                    for spelling in _spelt(name, form):
                        table.setdefault((form, spelling), set()).add(thing.key)

    def find(self, address: str, *, is_stem: bool = False) -> str | None:
        """Return the key of what an address means, None if it is nothing known.

        Parameters
        ----------
        address : str
            As the other tool wrote it.
        is_stem : bool
            Whether the ending of a file is already cut off: then nothing is taken for one.

        Raises
        ------
        DataError
            If it may mean several things.
        """
        if is_stem and (key := self._exported.get(address)) is not None:
            return key
        for form in _FORMS:
            for readings in _readings(address, form):
                hits = set[str]()
                for path in readings:
                    hits |= self._hits(path, form, is_stem)
                if len(hits) > 1:
                    shown = ", ".join(map(repr, sorted(hits)[:4]))
                    raise DataError(f"may be any of the foregrounds {shown}; rename it")
                if hits:
                    return hits.pop()
        return None

    def _hits(self, path: str, form: str, is_stem: bool) -> set[str]:
        """Return what a path means: the longest end of it that is a name decides."""
        for name in _ends(path):
            spelling = _spelt(name, form)[0]
            cut = spelling if is_stem else without_ending(spelling)
            by_file = set() if is_stem else self._files.get((form, spelling), set())
            by_name = self._names.get((form, cut)) or self._names.get((form, spelling), set())
            last = self._last.get((form, cut)) or self._last.get((form, spelling), set())
            if hits := (by_file & by_name) or by_file or by_name or last:
                return hits
        return set()


def file_name_of(address: str) -> str:
    r"""Return the file name in an address: without folders, a drive, a query; percent-decoded in a URL.

    Examples
    --------
    >>> file_name_of("https://host/a/my%20cat.png?sig=x%2F1"), file_name_of("/data/local-files/?d=a/b.png")
    ('my cat.png', 'b.png')
    >>> file_name_of("..\\set\\50%25 off.png"), file_name_of("v1.2")
    ('50%25 off.png', 'v1.2')
    """
    return last_part(unquote(_path_of(address)) if _is_url(address) else address)


def without_ending(name: str) -> str:
    """Return a name without the ending of an image; other dots stay.

    Examples
    --------
    >>> without_ending("fur_v1.2.PNG"), without_ending("fur_v1.2"), without_ending(".png")
    ('fur_v1.2', 'fur_v1.2', '.png')
    """
    ending = next((e for e in ENDINGS if name.lower().endswith(e)), "")
    return name[: len(name) - len(ending)] or name


def is_sidecar(name: str) -> bool:
    """Tell whether a path is what macOS lays beside files when it packs them: ``._name``, ``__MACOSX/``."""
    parts = name.replace("\\", "/").split("/")
    return "__MACOSX" in parts or parts[-1].startswith("._") or parts[-1] == ".DS_Store"


def last_part(name: str) -> str:
    """Return what follows the last slash or backslash, without a drive letter."""
    return _DRIVE.sub("", name.replace("\\", "/").rpartition("/")[2], count=1)


class LooseNames:
    """Names of one list, found by names that differ in Unicode form, letter case or blanks around them only.

    Examples
    --------
    >>> LooseNames(["Cat", "net"]).find("cat "), LooseNames(["Cat"]).find("dog") is None
    ('Cat', True)
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = set(names)
        self._by_form: _Table = {}
        for form, name in product(_LOOSE, self._names):
            for spelling in _spelt(name.strip(), form):
                self._by_form.setdefault((form, spelling), set()).add(name)

    def find(self, name: str) -> str | None:
        """Return the name that another one means, None if there is none; DataError if there are several."""
        if name in self._names:
            return name
        for form in _LOOSE:
            (spelling,) = _spelt(name.strip(), form)
            if len(fits := self._by_form.get((form, spelling), set())) > 1:
                raise DataError(f"{name!r} may be any of {', '.join(map(repr, sorted(fits)[:4]))}; rename it")
            if fits:
                return next(iter(fits))
        return None


def _spelt(name: str, form: str) -> tuple[str, ...]:
    """Return how a name is spelt in a form; an upload loses letters according to its Unicode form."""
    composed = unicodedata.normalize("NFC", name)
    match form:
        case "as it is":
            return (name,)
        case "composed":
            return (composed,)
        case "folded":
            return (unicodedata.normalize("NFC", composed.casefold()),)
        case _:
            spellings = (composed, unicodedata.normalize("NFD", name))
            return tuple(_NOT_KEPT.sub("", spelling.strip().replace(" ", "_")) for spelling in spellings)


def _readings(address: str, form: str) -> Iterator[tuple[str, ...]]:
    """Yield the paths that an address may stand for, the nearest first; those of one step equally near."""
    if form == "uploaded":
        if name := _without_prefix(address):
            yield (name,)
    elif _is_url(address):
        path = _path_of(address)
        yield path, unquote(path).replace("\\", "/")
        yield (address,)
    else:
        yield (address,)
        yield (address.replace("\\", "/"),)
        yield (unquote(address).replace("\\", "/"),)


def _ends(path: str) -> Iterator[str]:
    """Yield a path, then each shorter end of it, and its last part without a drive letter."""
    yield path
    while "/" in path:
        path = path.partition("/")[2]
        if path:
            yield path
    if _DRIVE.match(path):
        yield path[2:]


def _is_url(address: str) -> bool:
    return bool(_SCHEME.match(address) or _SERVED.search(address)) or address.startswith("/data/")


def _path_of(address: str) -> str:
    """Return the path in a URL, percent-encoded; that of ``?d=`` where a folder is served by it."""
    if served := _SERVED.search(address):
        return served[1]
    try:
        return urlsplit(address).path
    except ValueError:  # a host that is none
        return address


def _without_prefix(address: str) -> str:
    """Return the name of an upload without what Label Studio put before it, "" if it has nothing.

    Only at the start of the name. Outside of a folder of uploads a prefix of digits only, or of letters only,
    is left alone: it may be a date, a number or a word of the name itself. What is served from a folder of
    its own, or from a store, has no prefix.
    """
    url = _is_url(address)
    path = (unquote(_path_of(address)) if url else address).replace("\\", "/")
    *folders, name = path.split("/")
    uploaded = "upload" in folders and not _SERVED.search(address)
    if url and not uploaded:
        return ""
    if match := _UUID.match(name):  # alone it is the whole name
        return name[match.end() :] if match[1] else ""
    match = _HEX.match(name)
    if match and (uploaded or not (match[1].isdigit() or match[1].isalpha())):
        return name[match.end() :]
    return ""
