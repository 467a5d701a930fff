"""What others send is hostile until checked: archives, names of files, XML, and images inside of them."""

import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from simd.errors import DataError
from simd.files import check_regular, read_text, real_path, write_atomically
from simd.temporary import temporary_folder

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_MEMBERS = 200_000
MAX_MEMBER_BYTES = 2**29
MAX_ARCHIVE_BYTES = 2**33
_CHUNK = 2**20


class Archive:
    """A zip archive whose members are all checked before any is read.

    Raises
    ------
    DataError
        If it is not a zip archive; if a member is encrypted, a link, or named so that it would land outside
        of a folder; if two have one name; or if it would grow past the limits above.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        check_regular(path)
        try:
            self._zip = zipfile.ZipFile(path)
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror})") from error
        except Exception as error:  # a hostile directory can raise anything
            raise DataError(f"{path}: is not a zip archive ({error})") from error
        try:
            self._members = self._checked()
        except DataError:
            self._zip.close()
            raise

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    @property
    def names(self) -> list[str]:
        """The names of all files in it."""
        return list(self._members)

    def read(self, name: str) -> bytes:
        """Return the bytes of a member; never more than its entry declares."""
        if name not in self._members:
            raise DataError(f"{self.path}: has no {name}")
        member, parts, size = self._members[name], [], 0
        try:
            with self._zip.open(member) as stream:
                while chunk := stream.read(_CHUNK):
                    size += len(chunk)
                    if size > member.file_size:
                        raise DataError(f"{self.path}: {name} is larger than the archive says")
                    parts.append(chunk)
        except DataError:
            raise
        except Exception as error:  # decompressors raise what they like on damaged data
            raise DataError(f"{self.path}: {name} is damaged ({error})") from error
        return b"".join(parts)

    def text(self, name: str) -> str:
        """Return a member as UTF-8 text."""
        try:
            return self.read(name).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(f"{self.path}: {name} is not UTF-8 text ({error.reason})") from error

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        """Give a member as a file for the time of a ``with``."""
        with as_file(self.read(name), f"{self.path}: {name}") as path:
            yield path

    def _checked(self) -> dict[str, zipfile.ZipInfo]:
        infos = self._zip.infolist()
        if len(infos) > MAX_MEMBERS:
            raise DataError(f"{self.path}: has {len(infos)} members; up to {MAX_MEMBERS} are read")
        members: dict[str, zipfile.ZipInfo] = {}
        total = 0
        for info in infos:
            name = info.orig_filename
            if reason := _fault(info):
                raise DataError(f"{self.path}: its member {name[:120]!r} {reason}; nothing of it was read")
            if info.is_dir():
                continue
            if name in members:
                raise DataError(f"{self.path}: has two members {name[:120]!r}; nothing of it was read")
            total += info.file_size
            if info.file_size > MAX_MEMBER_BYTES or total > MAX_ARCHIVE_BYTES:
                raise DataError(
                    f"{self.path}: would grow past {MAX_MEMBER_BYTES >> 20} MiB a member or "
                    f"{MAX_ARCHIVE_BYTES >> 20} MiB together at {name[:120]!r}; nothing of it was read"
                )
            members[name] = info
        return members


def _fault(info: zipfile.ZipInfo) -> str:
    if not is_safe_name(info.orig_filename.rstrip("/")):
        return "would land outside of its folder"
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device"
    return "is encrypted" if info.flag_bits & 1 else ""


def is_safe_name(name: str) -> bool:
    r"""Tell whether a relative name with slashes stays inside its folder, on every system.

    Examples
    --------
    >>> [is_safe_name(name) for name in ("a/b.png", "../b.png", "/b.png", "c:b.png", "a\\..\\b.png")]
    [True, False, False, False, False]
    """
    parts = name.split("/")
    return name.isprintable() and not set(name) & set('\\:*?"<>|') and not set(parts) & {"", ".", ".."}


def inside(folder: Path, name: object) -> Path:
    """Return a file of a folder by the name that somebody's table gives it; DataError if it lies outside."""
    if not isinstance(name, str) or not is_safe_name(name):
        raise DataError(f"{str(name)[:120]!r} is not the name of a file inside {folder}")
    path = folder / name
    try:
        if not real_path(path).is_relative_to(real_path(folder)):
            raise DataError(f"{path}: links to a file outside of {folder}")
    except (OSError, RuntimeError) as error:
        raise DataError(f"{path}: cannot be followed ({error})") from error
    check_regular(path)
    return path


@contextmanager
def as_file(content: bytes, shown: str) -> Iterator[Path]:
    """Give bytes as a file for the time of a ``with``: images have one door, and it opens files.

    Errors name it as it is `shown`, not as the temporary file that it is.
    """
    with temporary_folder() as folder:
        path = folder / "content"
        write_atomically(path, content, flush=False)
        try:
            yield path
        except DataError as error:
            raise DataError(str(error).replace(str(path), shown)) from None


def read_xml(path: Path) -> "Element":
    """Read an XML file; document types, and so entities, are refused."""
    return parse_xml(read_text(path), str(path))


def parse_xml(text: str, where: str) -> "Element":
    """Parse XML without document types: entities could grow without end or name files."""
    from xml.etree import ElementTree

    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise DataError(f"{where}: declares a document type or entities, which are refused")
    try:
        return ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:
        raise DataError(f"{where}: is not XML ({error})") from error
