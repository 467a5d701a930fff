"""What a folder of mattes holds: a run of a method, finished or not, or files of others."""

from collections.abc import Mapping
from pathlib import Path

from simd.dataset.predictions import RUN_NAME, UNFINISHED_NAME, RunRecord, read_run
from simd.errors import DataError
from simd.files import make_folder, sizes_of
from simd.methods.run_images import RunImages
from simd.replacing import check_replaceable_folder


def holds_run(out: Path) -> bool:
    """Say whether a folder holds a run, finished or not."""
    return (out / UNFINISHED_NAME).is_dir() or (out / RUN_NAME).is_file()


def finished_run(out: Path, identity: Mapping[str, str | None], images: RunImages) -> RunRecord | None:
    """Return the record of a folder's finished run; None, and an empty folder or an unfinished run, else.

    Raises
    ------
    DataError
        If the folder holds a finished run of another identity, or over other pictures; if mattes of it are
        gone; or if what it holds is no run.
    """
    if (out / UNFINISHED_NAME).is_dir():
        return None
    if out.is_dir() and (record := read_run(out)) is not None:
        values = {key: getattr(record, key) for key in identity}
        of_others = images.set_digest is None and record.images_digest != images.files_digest()
        if values != identity or of_others:
            others = "on other pictures" if images.set_digest is None else "on another set"
            raise DataError(
                f"{out}: holds the mattes of {record.method} ({record.version}), {others}, in another "
                "version or with other weights; choose another folder, remove this one, or have these put in "
                "their place with --overwrite"
            )
        gone = [each.id for each in images.images if sizes_of(out / f"{each.id}.png")[0] <= 0]
        if gone:
            raise DataError(
                f"{out}: {len(gone)} mattes of its finished run are gone or empty ({gone[0]}.png first); "
                "remove the folder and predict again"
            )
        return record
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"{out}: is not an empty folder; predictions need one of their own")
    make_folder(out)
    return None


def check_ours(out: Path) -> None:
    """Refuse to replace a folder among whose files is one that no run has written (DataError)."""
    check_replaceable_folder(out)
    record = read_run(out)
    if record is not None and not record.simd_version:
        raise DataError(
            f"{out}: its run.json is not of simd predict, so --overwrite leaves it alone; choose another "
            "folder"
        )
    names = {path.name for path in out.iterdir() if not path.name.endswith(".part")}
    mattes = {name for name in names if name.endswith(".png") and not name.startswith(".")}
    strange = sorted(names - mattes - {RUN_NAME, UNFINISHED_NAME})
    if strange or (record is not None and record.images is not None and len(mattes) > record.images):
        what = (
            f", as {strange[0]}"
            if strange
            else f": {len(mattes)} mattes where {record and record.images} were made"
        )
        raise DataError(
            f"{out}: holds what is not of its run{what}; it is left as it is: move that away, or choose "
            "another folder"
        )
