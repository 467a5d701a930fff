"""licences.csv, the ledger beside a set: who has checked which licence, at which address, and when.

The rows of a set state licences as they were when it was made, and its digests hold them there. A check is of
a later day, so it has a file of its own, which no digest covers: a line for each image and day. A file of
answers is read by the same rules, so that the ledger of one set is a file of answers for another.
"""

import datetime
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from simd.arguments import checked
from simd.class_tables import read_cells
from simd.dataset.manifest import MattingSet, load_set
from simd.errors import DataError, first_of
from simd.files import csv_text, read_json_lines, write_atomically
from simd.locks import locked_folder
from simd.records import UNKNOWN_LICENCE, Composite

LEDGER_NAME = "licences.csv"
ROLES = ("foreground", "background")
"""What an image is in a set; one that was not composed is a foreground."""

_SPELLINGS = {
    "role": ("role",),
    "id": ("id", "file_name"),
    "licence": ("licence", "license"),
    "url": ("url", "address"),
    "checked": ("checked", "date"),
    "by": ("by",),
}
_NEEDED = ("licence", "checked", "by")
_LONGEST = {"url": 2000}
_LONG = 500  # characters of any other cell
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_BETWEEN = re.compile(r"[\s_-]+")
_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}  # controls, half characters, separators of lines
_JSON_LINES = (".jsonl", ".ndjson")
_MESSAGES = 20  # given at once
_NAMED = 3


class Check(NamedTuple):
    """A licence as somebody read it on a day; a line of the ledger."""

    role: str  # one of ROLES; "" in answers that do not say
    id: str  # of the foreground or the background; "" in answers by address
    licence: str
    url: str  # where it stands; "" where nobody has said
    checked: str  # the day, as 2026-03-31
    by: str  # a person, a program, or a file of the source


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A foreground or a background that a set hands on, with its licence and the checks of it."""

    role: str
    id: str
    source: str  # the kind of source that stated the licence
    licence: str  # as the rows of the set state it
    checks: tuple[Check, ...] = ()  # the oldest first

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.role} {self.id}"

    @property
    def last(self) -> Check | None:
        """The latest check."""
        return self.checks[-1] if self.checks else None

    @property
    def url(self) -> str:
        """The latest address that is known; "" where none is."""
        return next((check.url for check in reversed(self.checks) if check.url), "")


@dataclass(frozen=True, kw_only=True)
class Licences:
    """What is known of the licences of a set, and how they compare with a check."""

    path: Path
    originals: tuple[Original, ...]
    recorded: int = 0  # answers that are new in the ledger
    drifted: Mapping[str, str]  # image to what the set states and what the check says
    stated: Mapping[str, str]  # images whose licence the set does not know, to what the check says
    missing: tuple[str, ...] = ()  # images that the answers lack
    foreign: Mapping[str, str]  # answers of images that are not in the set, to the line

    def __repr__(self) -> str:
        """Return a line."""
        return f"<Licences of {len(self.originals)} images of {self.path}: {len(self.drifted)} drifted>"

    @property
    def problems(self) -> dict[str, str]:
        """What is not as the set states it, by image or answer; empty where all is."""
        lacking = dict.fromkeys(self.missing, "the answers do not name it")
        return {**self.drifted, **lacking, **self.foreign}


@checked
def licences(
    dataset: MattingSet | str | Path,
    *,
    against: str | Path | None = None,
    record: str | Path | None = None,
) -> Licences:
    """Return what is known of the licences of a set; compare them with a second check, or note one down.

    Parameters
    ----------
    dataset : MattingSet or path
        A set, or its folder.
    against : path, optional
        A file of answers to compare with; nothing is written. CSV, or JSON lines (``.jsonl``), with ``id`` or
        ``url``, ``licence``, ``checked`` (a day, as 2026-03-31) and ``by``; ``role`` where a foreground and a
        background share an id.
    record : path, optional
        A file of answers to be added to the ledger of the set, :data:`LEDGER_NAME`. Its answers for other
        images are left out, and named.

    Returns
    -------
    Licences
        Licences are the same where they differ only in case, spaces, hyphens and underscores.

    Raises
    ------
    DataError
        If the folder is not a set, or a line of the ledger or of the answers cannot be used: all such lines
        are named, and nothing is written.
    BusyError
        If another process writes into the set, and there is something to record.
    """
    if against is not None and record is not None:
        raise DataError("answers are compared or recorded: give against or record (which compares, too)")
    matting_set = dataset if isinstance(dataset, MattingSet) else load_set(dataset)
    if record is not None:
        with locked_folder(matting_set.path):
            return _record(matting_set, Path(record))
    originals = read_originals(matting_set)
    if against is None:
        return _compared(
            matting_set.path, originals, {original.name: original.last for original in originals}
        )
    answers, foreign = _read_answers(Path(against), originals)
    latest = {check_name(check): check for check in answers}
    missing = tuple(original.name for original in originals if original.name not in latest)
    return _compared(matting_set.path, originals, latest, missing=missing, foreign=foreign)


def read_originals(matting_set: MattingSet) -> tuple[Original, ...]:
    """Return the foregrounds and backgrounds of a set, each with the checks that its ledger holds."""
    return _with_checks(matting_set.rows, read_ledger(matting_set.path))


def read_ledger(folder: Path) -> list[Check]:
    """Return the checks in the ledger of a set, the oldest first; none where it has no ledger.

    Raises
    ------
    DataError
        With every line that cannot be used.
    """
    file = folder / LEDGER_NAME
    if not file.exists() and not file.is_symlink():
        return []
    wrong: list[str] = []
    lines: list[tuple[str, Check]] = []
    for where, check in _read_checks(file, wrong):
        if not (check.role and check.id):
            wrong.append(f"{where}: lacks the {'role' if check.id else 'id'} of the image")
        else:
            lines.append((where, check))
    return _without_contradictions(file, lines, wrong)


def same_licence(one: str, other: str) -> bool:
    """Tell whether two texts name the same licence.

    Examples
    --------
    >>> same_licence("CC BY 4.0", "cc-by-4.0"), same_licence("CC BY 4.0", "CC BY-SA 4.0")
    (True, False)
    """
    plain = (_BETWEEN.sub(" ", text.strip()).casefold() for text in (one, other))
    return next(plain) == next(plain)


def differs(original: Original, check: Check) -> bool:
    """Tell whether a check says another licence of an image than the set."""
    return not same_licence(check.licence, original.licence)


def check_name(check: Check) -> str:
    """Return what messages call the image of a check."""
    return f"{check.role} {check.id}"


def _record(matting_set: MattingSet, file: Path) -> Licences:
    """Add answers to the ledger; one of the same image and day takes the place of what was there."""
    earlier = {_key(check): check for check in read_ledger(matting_set.path)}
    originals = _with_checks(matting_set.rows, earlier.values())
    answers, foreign = _read_answers(file, originals)
    fresh = {_key(check): check for check in answers if earlier.get(_key(check)) != check}
    if fresh:
        lines = sorted((earlier | fresh).values(), key=lambda check: (check.role, check.id, check.checked))
        write_atomically(matting_set.path / LEDGER_NAME, csv_text(Check._fields, lines))
    originals = read_originals(matting_set)
    latest = {original.name: original.last for original in originals}
    return _compared(matting_set.path, originals, latest, foreign=foreign, recorded=len(fresh))


def _compared(
    path: Path,
    originals: tuple[Original, ...],
    latest: Mapping[str, Check | None],
    *,
    missing: tuple[str, ...] = (),
    foreign: Mapping[str, str] | None = None,
    recorded: int = 0,
) -> Licences:
    drifted, stated = {}, {}
    for original in originals:
        check = latest.get(original.name)
        if check is None or not differs(original, check):
            continue
        now = f"{check.licence!r} on {check.checked}, by {check.by}"
        if original.licence == UNKNOWN_LICENCE:
            stated[original.name] = now
        else:
            drifted[original.name] = f"{original.licence!r} in the set, {now}"
    return Licences(
        path=path,
        originals=originals,
        recorded=recorded,
        drifted=drifted,
        stated=stated,
        missing=missing,
        foreign=foreign or {},
    )


def _with_checks(rows: Sequence[Composite], checks: Iterable[Check]) -> tuple[Original, ...]:
    of_image: dict[tuple[str, str], list[Check]] = defaultdict(list)
    for check in sorted(checks, key=lambda check: check.checked):
        of_image[check.role, check.id].append(check)
    stated: dict[tuple[str, str], tuple[str, set[str]]] = {}
    for row in rows:
        stated.setdefault(("foreground", row.fg_id), (row.source, set()))[1].add(row.licence)
        if row.bg_id is not None:
            background = stated.setdefault(("background", row.bg_id), (row.bg_source or "", set()))
            background[1].add(row.bg_licence or UNKNOWN_LICENCE)
    return tuple(
        Original(
            role=role,
            id=id_,
            source=source,
            licence=" + ".join(sorted(texts)),  # images of one foreground may have several
            checks=tuple(of_image.get((role, id_), ())),
        )
        for role in ROLES
        for (of, id_), (source, texts) in sorted(stated.items())
        if of == role
    )


def _read_answers(file: Path, originals: Sequence[Original]) -> tuple[list[Check], dict[str, str]]:
    """Return the checks of the images of a set, the oldest first, and the lines of others by name."""
    by_id: dict[str, list[Original]] = defaultdict(list)
    by_url: dict[str, list[Original]] = defaultdict(list)
    for original in originals:
        by_id[original.id].append(original)
        if original.url:
            by_url[original.url].append(original)
    wrong: list[str] = []
    foreign: dict[str, str] = {}
    lines: list[tuple[str, Check]] = []
    for where, check in _read_checks(file, wrong):
        named = by_id.get(check.id, []) if check.id else by_url.get(check.url, [])
        images = [original for original in named if check.role in ("", original.role)]
        if check.id and len(images) > 1:
            wrong.append(
                f"{where}: {check.id!r} is a foreground and a background; say which in a column role"
            )
        elif not images:
            example = "" if named else f"; an id here is {originals[0].id!r}" if originals else ""
            foreign[check.id or check.url] = f"{where}: no image of the set is called so{example}"
        lines += [(where, check._replace(role=image.role, id=image.id)) for image in images]
    return _without_contradictions(file, lines, wrong), foreign


def _without_contradictions(file: Path, lines: Iterable[tuple[str, Check]], wrong: list[str]) -> list[Check]:
    """Return checks, the oldest first; DataError with all that is wrong with their file, if something is."""
    first: dict[tuple[str, str, str], tuple[str, Check]] = {}
    for where, check in lines:
        earlier_where, earlier = first.setdefault(_key(check), (where, check))
        if earlier != check:
            line = earlier_where.rpartition(":")[2]
            wrong.append(
                f"{where}: says something else of {check_name(check)} on {check.checked} than line {line}; "
                "keep one of them"
            )
    if wrong:
        more = [f"... and {len(wrong) - _MESSAGES} more such lines"] if len(wrong) > _MESSAGES else []
        raise DataError("\n".join([*wrong[:_MESSAGES], *more, f"{file}: nothing was taken from it"]))
    return sorted((check for _, check in first.values()), key=lambda check: check.checked)


def _key(check: Check) -> tuple[str, str, str]:
    return check.role, check.id, check.checked


def _read_checks(file: Path, wrong: list[str]) -> Iterator[tuple[str, Check]]:
    """Yield where each line stands and its check; what is wrong with the others is added to a list."""
    for line, cells in _read_lines(file):
        where = f"{file}:{line}"
        try:
            yield where, _check_of(cells)
        except DataError as error:
            wrong.append(f"{where}: {error}")


def _read_lines(file: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    if file.suffix.lower() in _JSON_LINES:
        yield from enumerate(read_json_lines(file), start=1)
        return
    columns, rows = read_cells(file)
    names = {name for name, spellings in _SPELLINGS.items() if not {*spellings}.isdisjoint(columns)}
    lacking = [name for name in _NEEDED if name not in names]
    lacking += [] if names & {"id", "url"} else ["id or url"]
    if lacking:
        raise DataError(
            f"{file}: lacks a column {first_of(lacking, len(lacking))}; its first line names the columns, as "
            "in: id,licence,url,checked,by"
        )
    yield from rows


def _check_of(cells: Mapping[str, Any]) -> Check:
    """Return the check in a line; DataError with what is wrong with it."""
    texts = {
        name: next((_text(name, cells[key]) for key in spellings if cells.get(key) is not None), "")
        for name, spellings in _SPELLINGS.items()
    }
    if not (texts["id"] or texts["url"]):
        raise DataError("names no image: its id and its url are empty")
    if lacking := [name for name in _NEEDED if not texts[name]]:
        raise DataError(f"does not say {first_of(lacking, len(lacking))}; was the line cut?")
    if texts["role"] not in ("", *ROLES):
        raise DataError(f"the role must be {' or '.join(ROLES)}, or empty, not {texts['role']!r:.60}")
    _check_date(texts["checked"])
    _check_url(texts["url"])
    return Check(**texts)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise DataError(f"{name} must be a text, not {value!r:.60}")
    text = value.strip()
    most = _LONGEST.get(name, _LONG)
    if len(text) > most:
        raise DataError(f"{name} has {len(text)} characters, and {most} at most are taken; shorten it")
    if any(unicodedata.category(character) in _UNPRINTABLE for character in text):
        raise DataError(f"{name} holds a character that cannot be printed, {text!a:.60}; remove it")
    return text


def _check_date(text: str) -> None:
    try:
        if not _DATE.fullmatch(text):
            raise ValueError
        day = datetime.date.fromisoformat(text)
    except ValueError:
        raise DataError(f"checked must be a day such as 2026-03-31, not {text!r:.60}") from None
    if day > datetime.date.today() + datetime.timedelta(days=1):  # it may be tomorrow elsewhere
        raise DataError(f"checked is {text}, which is still to come")


def _check_url(text: str) -> None:
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", text)
    except ValueError:  # such as brackets that are not closed
        fits = False
    if text and not fits:
        raise DataError(f"the url must begin with https:// or http:// and hold no space, not {text!r:.80}")
