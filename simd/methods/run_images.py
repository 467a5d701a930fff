"""The images that a run goes over: those of a set, the pictures of a folder, or one picture."""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from simd.dataset.manifest import INFO_NAME, Sample, load_set
from simd.errors import DataError, expected_and_present, first_of
from simd.files import check_not_root, check_regular, is_utf8
from simd.garbage import search_put_off
from simd.image import UInt8, is_image_name, read_image, read_size
from simd.trimap import read_mapped_trimap

_LISTED = 4  # names in a message
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SetImage:
    """A composite of a set."""

    sample: Sample

    @property
    def id(self) -> str:
        """The composite's id."""
        return self.sample.row.id

    @property
    def size(self) -> tuple[int, int]:
        """(H, W)."""
        return self.sample.size

    def digest(self) -> str:
        """Return "": the digest of the set speaks for its files."""
        return ""

    def read(self, *, with_trimap: bool) -> tuple[UInt8, UInt8 | None]:
        """Read image and trimap."""
        return self.sample.image, self.sample.trimap if with_trimap else None


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture that is not of a set, and its trimap."""

    id: str  # its name without the ending
    file: Path
    trimap_file: Path | None
    map_trimaps: bool

    @property
    def size(self) -> tuple[int, int]:
        """(H, W); (1, 1) of a file that cannot be read, which is named when its turn comes."""
        try:
            return read_size(self.file)
        except DataError:
            return (1, 1)

    def digest(self) -> str:
        """Return the SHA-256 of its files, "" if one cannot be read."""
        digest = hashlib.sha256(b"mapped" if self.map_trimaps else b"")
        try:
            for file in filter(None, (self.file, self.trimap_file)):
                check_regular(file)
                digest.update(hashlib.sha256(file.read_bytes()).digest())
        except (OSError, DataError):
            return ""
        return digest.hexdigest()

    def read(self, *, with_trimap: bool) -> tuple[UInt8, UInt8 | None]:
        """Read image and trimap; DataError where a file is not what it has to be."""
        image = read_image(self.file)
        if not with_trimap or self.trimap_file is None:
            return image, None
        trimap = read_mapped_trimap(self.trimap_file, map_other=self.map_trimaps).pixels
        if trimap.shape != image.shape[:2]:
            raise DataError(f"{self.trimap_file}: is {trimap.shape}, the picture {image.shape[:2]}")
        return image, trimap


@dataclass(frozen=True, slots=True, kw_only=True)
class RunImages:
    """All images of a run."""

    images: Sequence[SetImage | PictureFile]
    failures: Mapping[str, str] = field(default_factory=dict)  # id to reason: what cannot be tried
    set_name: str | None = None
    set_digest: str | None = None  # None for pictures that are not a set

    def files_digest(self) -> str:
        """Return the digest of the names and files of pictures."""
        lines = sorted(f"{each.id} {each.digest()}\n" for each in self.images)
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def images_to_predict(
    origin: str | Path, *, needs_trimap: str, trimap: str | Path | None = None, map_trimaps: bool = False
) -> RunImages:
    """Find the images of a set, a folder or a file.

    Parameters
    ----------
    origin : path
        A set, a folder of pictures, or a picture.
    needs_trimap : str
        The name of the method if it takes trimaps, else "".
    trimap : path, optional
        For pictures: a folder of trimaps of the same names, whatever their endings, or one trimap for one
        picture.
    map_trimaps : bool
        Whether the trimaps of pictures may hold other values than 0, 128 and 255.

    Raises
    ------
    DataError
        If there is no image, or trimaps are missing altogether, or given where none is wanted.
    """
    path = Path(origin)
    check_not_root(path)
    check_regular(path)
    if (path / INFO_NAME).is_file() or not _has_pictures(path):
        return _of_set(path, trimap, map_trimaps=map_trimaps)
    if needs_trimap and trimap is None:
        raise DataError(
            f"{path}: is not a set, and the method {needs_trimap} needs trimaps: give --trimap FOLDER with "
            "one of the same name for each picture (--trimap FILE for one picture)"
        )
    if not needs_trimap and trimap is not None:
        raise DataError(f"{trimap}: the method takes no trimaps; leave out --trimap")
    by_name = _by_name([path] if path.is_file() else sorted(path.iterdir()))
    trimaps = {} if trimap is None else _trimaps(Path(trimap), path)
    if needs_trimap and not trimaps.keys() & by_name.keys():
        names = expected_and_present((f"{name}.png" for name in by_name), _file_names(trimaps))
        raise DataError(f"{trimap}: holds no trimap for any of {len(by_name)} pictures of {path}: {names}")
    images: list[SetImage | PictureFile] = []
    failures = _folders_like_pictures(path)
    _name_what_is_passed_over(path, Path(trimap) if trimap else None, by_name, trimaps)
    for name, files in by_name.items():
        reason = _twins(files) if len(files) > 1 else ""
        matching = trimaps.get(name, [])
        if not reason and needs_trimap and len(matching) != 1:
            reason = _twins(matching) if matching else f"{trimap}: holds no trimap {name}.png for {files[0]}"
        if reason:
            failures[name] = reason
        else:
            images.append(PictureFile(name, files[0], matching[0] if matching else None, map_trimaps))
    return RunImages(images=images, failures=failures)


@search_put_off()
def _of_set(path: Path, trimap: str | Path | None, *, map_trimaps: bool) -> RunImages:
    if path.is_dir() and not (path / INFO_NAME).is_file():
        raise DataError(f"{path}: is not a set (it has no {INFO_NAME}), and holds no pictures either")
    if not path.exists():
        raise DataError(
            f"{path}: no such file or folder; a set, a picture or a folder of pictures is expected"
        )
    if path.is_file():
        raise DataError(f"{path}: is not a picture that can be read, and not a set, which is a folder")
    if trimap is not None or map_trimaps:
        raise DataError(f"{path}: is a set and has trimaps of its own; leave out --trimap and --map-trimaps")
    matting_set = load_set(path)
    if not matting_set:
        raise DataError(f"{path}: is a set without composites; nothing can be predicted")
    return RunImages(
        images=[SetImage(sample) for sample in matting_set],
        set_name=matting_set.name,
        set_digest=matting_set.digest,
    )


def _has_pictures(path: Path) -> bool:
    if path.is_dir():
        return bool(_by_name(list(path.iterdir())))
    return path.is_file() and is_image_name(path.name)


def _folders_like_pictures(path: Path) -> dict[str, str]:
    """Return the folders among pictures that have a picture's name, by it, with the reason."""
    folders = [p for p in path.iterdir() if p.is_dir()] if path.is_dir() else []
    named = [p for p in sorted(folders) if is_image_name(p.name) and not p.name.startswith(".")]
    return {p.name: f"{p}: is a folder; pictures are files" for p in named}


def _name_what_is_passed_over(
    path: Path, trimap: Path | None, pictures: Collection[str], trimaps: Collection[str]
) -> None:
    """Log the trimaps that belong to no picture, and the folders that are not looked into."""
    if path.is_file():
        return  # who asks for one picture knows of the others
    if alone := sorted(set(trimaps) - set(pictures)):
        _LOG.warning("%s: %d trimaps are of no picture: %s", trimap, len(alone), first_of(alone, _LISTED))
    folders = [p.name for p in path.iterdir() if p.is_dir()]
    if inner := sorted(name for name in folders if not name.startswith(".") and not is_image_name(name)):
        _LOG.warning(
            "%s: %d folders in it are not looked into: %s", path, len(inner), first_of(inner, _LISTED)
        )


def _by_name(files: Sequence[Path]) -> dict[str, list[Path]]:
    """Return the image files by name without ending; hidden ones are passed over."""
    by_name: dict[str, list[Path]] = defaultdict(list)
    for file in files:
        if is_image_name(file.name) and not file.name.startswith(".") and not file.is_dir():
            if not is_utf8(file.name):
                raise DataError(
                    f"{file.parent}: the name of {file.name!a} is not UTF-8 text; rename the file"
                )
            by_name[file.stem].append(file)
    return dict(by_name)


def _trimaps(trimap: Path, pictures: Path) -> dict[str, list[Path]]:
    if trimap.is_dir():
        return _by_name(sorted(trimap.iterdir()))
    check_regular(trimap)
    if not trimap.is_file():
        raise DataError(f"{trimap}: no such file or folder; trimaps are expected there")
    if pictures.is_dir():
        raise DataError(f"{trimap}: is one trimap for a folder of pictures; give a folder of trimaps")
    return {pictures.stem: [trimap]}


def _file_names(by_name: Mapping[str, Sequence[Path]]) -> list[str]:
    return [file.name for files in by_name.values() for file in files]


def _twins(files: Sequence[Path]) -> str:
    names = ", ".join(file.name for file in files[:_LISTED])
    return f"{files[0].parent}: {names} share one name; keep one of them"
