"""Pictures being cut out: which are there, which are open, and each step on disk before it is answered."""

import hashlib
import logging
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Self

import cv2
import numpy as np

from simd.errors import DataError, SimdError
from simd.files import make_folder, write_atomically
from simd.image import UInt8, encode_png, pixel_digest, read_alpha
from simd.locks import locked_folder
from simd.methods.classical.editor import Box
from simd.sources.folder import image_files
from simd.studio.cutout.boxes import read_boxes
from simd.studio.cutout.first_answer import Predictor, first_answer
from simd.studio.cutout.folder import (
    DRAWN,
    LAYERS,
    WAITING,
    check_folder,
    image_of,
    make_cutouts_folder,
    read_classes,
    read_record,
    read_state,
    record_ids,
    taken_ids,
    write_class,
)
from simd.studio.cutout.history import forget_way, note_step, read_way
from simd.studio.cutout.record import Record
from simd.studio.cutout.saving import Saver, Snapshot
from simd.studio.cutout.uploads import MAX_BYTES, ending_of, id_of, read_picture
from simd.studio.cutout.work import Way, Work
from simd.studio.refusals import StaleError
from simd.taxonomy import class_name

_OPEN = 4  # pictures held in memory with their factors, at most
_THUMBNAIL = 160  # pixels, the longer side
_THUMBNAILS = 500
_MOST_SECONDS = 3600.0  # that one step can have taken
UPLOAD_ID = re.compile(r"[0-9A-Za-z]{8,64}")
_LOG = logging.getLogger(__name__)
MAX_PICTURES = 10_000
MEMORY = 2**31
"""Bytes that open pictures may hold together, unless told otherwise."""


@dataclass(slots=True)
class Picture:
    """A picture in the list."""

    id: str
    name: str  # as it was given
    file: Path  # as it came
    file_sha256: str = ""
    record: Record | None = None  # as it lies on disk; None where nobody has drawn
    problem: str = ""
    unsaved: str = ""  # why its layers could not be written

    @property
    def state(self) -> str:
        """Whether it is new, in work, done, or broken."""
        if self.problem:
            return "broken"
        return "new" if self.record is None else "done" if self.record.done else "work"


class Change(NamedTuple):
    """What a step has come to: the state, and where alpha or the trimap are others than before."""

    state: dict[str, Any]
    box: Box
    alpha: UInt8  # inside the box, as is the trimap
    trimap: UInt8


class Cutouts:
    """Pictures and their cut-outs in a folder, for one person at a time.

    Parameters
    ----------
    out : Path
        The folder of cut-outs; nothing is written anywhere else.
    pictures : iterable of Path
        Pictures, and folders of pictures, beside those that the folder holds already.
    predictor : Predictor, optional
        Makes the first answer from a picture alone.
    boxes : Path, optional
        CSV file of boxes for the first answer, see :func:`~simd.studio.cutout.boxes.read_boxes`.
    truth : Path, optional
        A folder of true mattes of the same names, to compare with.
    memory : int
        Bytes that open pictures may hold together; one may always be open.

    Raises
    ------
    DataError
        If `out` is not a folder for cut-outs, or one of the pictures is not there.
    """

    def __init__(
        self,
        out: Path,
        pictures: Iterable[Path] = (),
        *,
        predictor: Predictor | None = None,
        boxes: Path | None = None,
        truth: Path | None = None,
        memory: int = MEMORY,
    ) -> None:
        files = list(pictures)
        given = listed(files)
        self._boxes = read_boxes(boxes, [file.name for file in given]) if boxes else {}
        self.out = check_folder(out, [file for file in files if file.is_dir()])
        self._held = ExitStack()
        self._held.enter_context(locked_folder(self.out))
        make_cutouts_folder(self.out)
        self.pictures: list[Picture] = []
        self._predictor, self._memory = predictor, memory
        self._truths = {file.stem: file for file in image_files(truth)} if truth else {}
        self._lock = threading.RLock()
        self._arrival = threading.Lock()
        self._uploads: dict[str, int] = {}  # what a sender calls an upload, to its number
        self._opened: OrderedDict[int, Work] = OrderedDict()
        self._thumbnails: OrderedDict[int, bytes] = OrderedDict()
        self._take_up(given)
        self._saver = Saver(self.out, self._saved)
        self._save_what_was_drawn()

    def close(self) -> None:
        """Write what is left to be written, and let go of the folder."""
        self._saver.close()
        self._held.close()
        for picture in self.pictures:
            if picture.unsaved:
                _LOG.warning(
                    "%s: its layers are not written (%s); what was drawn is kept, and they are written when "
                    "the folder is opened again",
                    picture.name,
                    picture.unsaved,
                )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def nbytes(self) -> int:
        """Memory that open pictures hold, in bytes."""
        with self._lock:
            return sum(work.nbytes for work in self._opened.values())

    # -- what there is ---------------------------------------------------------------------------------------

    def overview(self) -> dict[str, Any]:
        """Return what the page shows of all pictures."""
        with self._lock:
            return {"pictures": [self._row(number) for number in range(len(self.pictures))]}

    def add(self, name: str, content: bytes, upload: str = "") -> dict[str, Any]:
        """Take a picture that was sent; its name is kept and never becomes a path.

        Parameters
        ----------
        name : str
        content : bytes
        upload : str
            What the sender calls it, :data:`UPLOAD_ID`: sent again, as the answer was lost, it is the same
            picture. After a restart the same bytes are, where nothing is drawn on them yet.

        Raises
        ------
        DataError
            If it is not a picture that can be cut out.
        """
        if upload and not UPLOAD_ID.fullmatch(upload):
            raise DataError("an upload is named by 8 to 64 letters and digits")
        with self._arrival:  # one is decoded at a time
            number = self._sent_before(upload, content)
            if number is None:
                number = self._take_in(name, content)
            with self._lock:
                if upload:
                    self._uploads[upload] = number
                return self._row(number)

    def _sent_before(self, upload: str, content: bytes) -> int | None:
        """Return the picture that the same upload has become, also where the server was killed since."""
        if not upload:
            return None
        with self._lock:
            if upload in self._uploads:
                return self._uploads[upload]
            known = set(self._uploads.values())
            undrawn = {number: each.file for number, each in enumerate(self.pictures) if each.record is None}
        for number, file in undrawn.items():
            if number in known or file.parent != self.out / WAITING or not file.is_file():
                continue
            if file.stat().st_size == len(content) and file.read_bytes() == content:
                return number
        return None

    def _take_in(self, name: str, content: bytes) -> int:
        if len(content) > MAX_BYTES:
            raise DataError(f"{name!r:.80}: has {len(content):,} bytes, up to {MAX_BYTES:,} are taken")
        name = _plain_name(name)
        with self._lock:
            if len(self.pictures) >= MAX_PICTURES:
                raise DataError(f"{MAX_PICTURES} pictures are open, more are not taken; begin another folder")
        make_folder(self.out / WAITING)
        arriving = self.out / WAITING / f".{secrets.token_hex(8)}.arriving"
        write_atomically(arriving, content, flush=False)
        try:
            read_picture(arriving)
            with self._lock:
                id_ = id_of(name, self._taken())
                file = arriving.rename(self.out / WAITING / f"{id_}{ending_of(arriving)}")
                self.pictures.append(Picture(id_, name, file, hashlib.sha256(content).hexdigest()))
                return len(self.pictures) - 1
        except DataError as error:
            raise DataError(str(error).replace(str(arriving), name)) from None
        finally:
            arriving.unlink(missing_ok=True)

    def thumbnail(self, number: int) -> bytes:
        """Return a small picture, PNG."""
        with self._lock:
            picture, small = self._picture(number), self._thumbnails.get(number)
        if small is None:
            image = read_picture(picture.file)
            height, width = image.shape[:2]
            scale = min(1.0, _THUMBNAIL / max(height, width))
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            small = encode_png(np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8))
            with self._lock:
                self._thumbnails[number] = small
                while len(self._thumbnails) > _THUMBNAILS:
                    self._thumbnails.popitem(last=False)
        return small

    def truth(self, number: int) -> UInt8 | None:
        """Return the true matte of a picture, if one is there."""
        picture = self._picture(number)
        file = self._truths.get(Path(picture.name).stem) or self._truths.get(picture.id)
        return None if file is None else read_alpha(file)

    # -- one picture -----------------------------------------------------------------------------------------

    def state(self, number: int) -> dict[str, Any]:
        """Return what the page shows of one picture; its first answer is made where there is none yet."""
        with self._lock:
            return self._state(number, self._open(number))

    @contextmanager
    def opened(self, number: int) -> Iterator[Work]:
        """Hold a picture still, to read its planes."""
        with self._lock:
            yield self._open(number)

    def snapshot(self, number: int, bits: int = 8) -> Snapshot:
        """Return a picture as it is now, to be sent with an alpha of so many bits."""
        with self._lock:
            work = self._open(number)
            return self._snapshot(number, work, self._record(number, work), bits)

    def change(
        self, number: int, revision: str, step: Callable[[Work], Box], *, seconds: float = 0.0
    ) -> Change:
        """Take a step and keep it on disk; if one of the two fails, everything is as before.

        Parameters
        ----------
        revision : str
            Of the state that the step is meant for.
        seconds : float
            That somebody worked on it.

        Raises
        ------
        StaleError
            If the state is another one by now.
        DataError
            If the step cannot be taken.
        """
        with self._lock:
            work = self._checked(number, revision)
            before = work.way()
            try:
                box = step(work)
                self._keep_step(number, work, before, seconds)
            except BaseException:
                work.return_to(before)
                raise
            self._forget_others(number)
            rows, columns = slice(box.top, box.bottom), slice(box.left, box.right)
            return Change(
                self._state(number, work), box, work.alpha[rows, columns], work.trimap[rows, columns]
            )

    def choose(
        self, number: int, revision: str, choices: Mapping[str, Any], *, seconds: float = 0.0
    ) -> dict[str, Any]:
        """Choose what is saved, and how: `hidden`, `bits`, `done`, `class`; see :class:`Record`."""
        if strange := sorted(choices.keys() - {"hidden", "bits", "done", "class"}):
            raise DataError(f"there is no such choice: {strange[0]!r:.40}")
        class_ = choices.get("class")
        if class_ is not None and class_ != "":
            if not isinstance(class_, str):
                raise DataError("class must be a text")
            class_ = class_name(class_)
        values = {name: value for name, value in choices.items() if name != "class"}
        with self._lock:
            work = self._checked(number, revision)
            self._keep(number, work, seconds=seconds, **values)
            if class_ is not None:
                write_class(self.out, f"{self.pictures[number].id}.png", class_)
            return self._state(number, work)

    def saved(self, number: int) -> dict[str, Any]:
        """Write the layers of a picture now, also where that has failed before, and return its state."""
        picture = self._picture(number)
        with self._lock:
            if picture.unsaved and picture.record and not self._saver.pending(picture.id):
                self._saver.later(self._snapshot(number, self._open(number), picture.record))
        self._saver.flush(picture.id)
        return self.state(number)

    # -- inside ----------------------------------------------------------------------------------------------

    def _take_up(self, given: list[Path]) -> None:
        """List what the folder holds, then what waits in it, then what is given and not there yet."""
        taken: dict[str, list[Picture]] = {}
        for id_ in record_ids(self.out):
            picture = Picture(id_, id_, image_of(self.out, id_) or self.out / "image" / id_)
            try:
                picture.record = read_record(self.out, id_)
                picture.name, picture.file_sha256 = picture.record.name, picture.record.file_sha256
                if not picture.file.is_file():
                    file = next(
                        (f for f in given if f.name == picture.name and sha256_of(f) == picture.file_sha256),
                        None,
                    )
                    if file is None:
                        raise DataError(f"{picture.file}: the picture of this cut-out is not there")
                    picture.file = file
            except DataError as error:
                picture.problem = str(error)
            self.pictures.append(picture)
            taken.setdefault(picture.name, []).append(picture)
        self._take_up_waiting()
        ids = self._taken()
        for file in given:
            if any(sha256_of(file) == picture.file_sha256 for picture in taken.get(file.name, ())):
                continue
            picture = Picture(id_of(file.name, ids), file.name, file)
            ids.add(picture.id)
            try:
                ending_of(file)
            except DataError as error:
                picture.problem = _without_folder(error, file)
            self.pictures.append(picture)

    def _take_up_waiting(self) -> None:
        """List the pictures that wait undrawn; one whose id another cut-out has meanwhile gets a new one."""
        ids = {picture.id for picture in self.pictures}
        layers = taken_ids(self.out, LAYERS)
        waiting = self.out / WAITING
        for path in sorted(waiting.iterdir()) if waiting.is_dir() else []:
            file = path
            if file.name.startswith("."):
                file.unlink()  # cut off on its way
                continue
            present = image_of(self.out, file.stem)
            if not file.is_file() or (present == file and file.stem in ids):
                continue
            if present and present != file and present.is_file() and sha256_of(present) == sha256_of(file):
                file.unlink()  # cut out since
                continue
            id_, name = file.stem, file.name
            if present != file or id_ in layers:
                id_ = id_of(name, self._taken())
                file = file.rename(waiting / f"{id_}{file.suffix}")
            self.pictures.append(Picture(id_, name, file))

    def _save_what_was_drawn(self) -> None:
        """Write the layers of what a killed run had answered and not written yet."""
        for number, picture in enumerate(self.pictures):
            if picture.record is not None and (self.out / DRAWN / f"{picture.id}.json").is_file():
                try:
                    work = self._open(number)
                except SimdError as error:
                    picture.problem = str(error)
                    continue
                self._saver.later(self._snapshot(number, work, picture.record))

    def _taken(self) -> set[str]:
        return {picture.id for picture in self.pictures} | taken_ids(self.out)

    def _picture(self, number: int) -> Picture:
        with self._lock:
            if not 0 <= number < len(self.pictures):
                raise DataError(f"there is no picture {number}; there are {len(self.pictures)}")
            return self.pictures[number]

    def _row(self, number: int) -> dict[str, Any]:
        picture = self.pictures[number]
        return {"number": number, "id": picture.id, "name": picture.name, "state": picture.state}

    def _state(self, number: int, work: Work) -> dict[str, Any]:
        picture, (back, forth) = self.pictures[number], work.undo_steps
        record, facts = picture.record, work.facts
        stem = Path(picture.name).stem
        return {
            **self._row(number),
            "size": list(work.trimap.shape),
            "revision": work.revision,
            "first": facts.first,
            "strokes": len(facts.steps),
            "undo": back,
            "redo": forth,
            "cleanup": facts.cleanup.to_json(),
            "hidden": record.hidden if record else "estimate",
            "bits": record.bits if record else 8,
            "seconds": record.seconds if record else 0.0,
            "class": read_classes(self.out).get(f"{picture.id}.png", ""),
            "truth": stem in self._truths or picture.id in self._truths,
            "unsaved": picture.unsaved,
            "written": record is not None and not picture.unsaved and not self._saver.pending(picture.id),
        }

    def _checked(self, number: int, revision: str) -> Work:
        work = self._open(number)
        if revision != work.revision:
            raise StaleError(
                "the picture was changed elsewhere, as in another tab; it is shown as it is now: draw again"
            )
        return work

    def _open(self, number: int) -> Work:
        picture = self._picture(number)
        if picture.problem:
            raise DataError(picture.problem)
        if number not in self._opened:
            try:
                image = read_picture(picture.file)
            except DataError as error:
                raise DataError(_without_folder(error, picture.file)) from None
            if picture.record is None:
                facts = first_answer(image, self._predictor, self._boxes.get(Path(picture.name).stem))
            else:
                record, trimap = read_state(self.out, picture.id)
                if sha256_of(picture.file) != record.file_sha256:
                    picture.problem = (
                        f"{picture.file}: has changed since it was cut out; put the picture back and open "
                        "the folder again, or take its files out of the folder and cut it out anew"
                    )
                    raise DataError(picture.problem)
                if record.size != image.shape[:2]:
                    raise DataError(
                        f"{picture.file}: has another size than its cut-out; put the picture back"
                    )
                facts = record.facts(trimap)
            way = Way(facts, [], []) if picture.record is None else read_way(self.out, picture.id, facts)
            self._opened[number] = Work(image, way)
            self._forget_others(number)
        self._opened.move_to_end(number)
        return self._opened[number]

    def _forget_others(self, number: int) -> None:
        """Let go of pictures that nobody has looked at for longest, as memory asks for it."""
        while len(self._opened) > 1 and (len(self._opened) > _OPEN or self.nbytes > self._memory):
            other = next(key for key in self._opened if key != number)
            del self._opened[other]

    def _record(self, number: int, work: Work, **changes: Any) -> Record:
        picture, facts = self.pictures[number], work.facts
        if not picture.file_sha256:
            picture.file_sha256 = sha256_of(picture.file)
        record = picture.record or Record(
            name=picture.name,
            file_sha256=picture.file_sha256,
            size=(work.trimap.shape[0], work.trimap.shape[1]),
            trimap_sha256=pixel_digest(work.trimap),
        )
        return replace(
            record,
            trimap_sha256=pixel_digest(work.trimap),
            steps=facts.steps,
            cleanup=facts.cleanup,
            first=facts.first,
            **changes,
        )

    def _keep_step(self, number: int, work: Work, before: Way, seconds: float) -> None:
        picture = self.pictures[number]
        try:
            note_step(self.out, picture.id, before, work.way(), is_first=picture.record is None)
            self._keep(number, work, done=False, seconds=seconds)
        except BaseException:
            forget_way(self.out, picture.id)  # it has a step too many; the next step writes it whole
            raise

    def _keep(self, number: int, work: Work, *, seconds: float, **changes: Any) -> None:
        picture = self.pictures[number]
        spent = (picture.record.seconds if picture.record else 0.0) + min(max(seconds, 0.0), _MOST_SECONDS)
        record = self._record(number, work, seconds=round(spent, 1), **changes)
        if picture.record is None:
            self._keep_picture(picture)
        self._saver.keep(self._snapshot(number, work, record), work.facts.trimap)
        picture.record = record

    def _keep_picture(self, picture: Picture) -> None:
        """Keep a picture that lies elsewhere with what is drawn on it, which would be lost without it."""
        if image_of(self.out, picture.id) is not None:
            return
        make_folder(self.out / WAITING)
        kept = self.out / WAITING / f"{picture.id}{ending_of(picture.file)}"
        write_atomically(kept, picture.file.read_bytes(), flush=False)
        picture.file = kept

    def _snapshot(self, number: int, work: Work, record: Record, bits: int = 8) -> Snapshot:
        picture = self.pictures[number]
        solved = work.solved if 16 in (bits, record.bits) else None  # the whole of it takes a while
        return Snapshot(picture.id, picture.file, work.image, solved, work.alpha, work.trimap, record)

    def _saved(self, snapshot: Snapshot, reason: str) -> None:
        with self._lock:
            for picture in self.pictures:
                if picture.id == snapshot.id:
                    picture.unsaved = reason
                    if not reason:
                        waiting, picture.file = picture.file, image_of(self.out, picture.id) or picture.file
                        if waiting != picture.file and waiting.parent == self.out / WAITING:
                            waiting.unlink(missing_ok=True)


def listed(pictures: list[Path]) -> list[Path]:
    """Return the pictures that are named, and those in folders that are named (DataError)."""
    files: list[Path] = []
    for path in pictures:
        if path.is_dir():
            files += image_files(path)
        else:
            ending_of(path)  # one that is named itself has to be a picture; in a folder, others are shown
            files.append(path)
    if pictures and not files:
        raise DataError(f"{pictures[0]}: holds no picture of a format that is read")
    return list(dict.fromkeys(files))


def _without_folder(error: Exception, file: Path) -> str:
    """Return an error as the page says it: where files lie on this machine is nobody's affair."""
    return str(error).replace(str(file), file.name)


def _plain_name(name: str) -> str:
    """Return a name as it is shown: without folders and what cannot be printed."""
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(character for character in last if character.isprintable())
    return plain[:200].strip() or "picture"


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror})") from error
