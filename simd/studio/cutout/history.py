"""The way back and forth of a cut-out on disk, so that undo outlives the picture in memory, and the server.

``.history/<id>.jsonl``: the first line is a state, each other one what a step has made of it. A line is
written before the step is kept, so that a run killed between the two is one line ahead: that line is dropped.
"""

import base64
import binascii
import json
import zlib
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from simd.files import cannot_write, json_lines, make_folder, write_atomically
from simd.studio.cutout.folder import HISTORY
from simd.studio.cutout.steps import Cleanup, Step
from simd.studio.cutout.work import STEPS, Facts, Way

_MOST = 2**26  # bytes of a file; one that grows beyond is written anew with what fits into half of it


def note_step(out: Path, id_: str, before: Way, after: Way, *, is_first: bool) -> None:
    """Write a step behind those before it.

    Parameters
    ----------
    out : Path
        The folder of cut-outs.
    id_ : str
    before, after : Way
        Of the work, around the step.
    is_first : bool
        Whether nothing is kept of this picture yet: what lies there is of another one.

    Raises
    ------
    DataError, DiskFullError
        If it cannot be written.
    """
    if after.facts is before.facts:  # there was nothing to take back
        return
    file = _file(out, id_)
    if is_first or not file.is_file() or file.stat().st_size > _MOST:
        write_way(out, id_, after)
        return
    try:
        with file.open("a", encoding="utf-8") as stream:
            stream.write(json_lines([_line(before, after)]))
    except OSError as error:
        raise cannot_write(file, error) from error


def write_way(out: Path, id_: str, way: Way) -> None:
    """Write a way anew, without its earliest steps where it is very long."""
    states = [*way.back, way.facts, *reversed(way.forth)]
    room = _MOST // 2
    first = len(way.back)  # the present state is always kept
    for at in range(len(way.back) - 1, -1, -1):
        room -= len(states[at].trimap)
        if room < 0:
            break
        first = at
    rows = [_go((), states[first])]
    rows += [_go(one.steps, other) for one, other in zip(states[first:], states[first + 1 :], strict=False)]
    rows += [{"do": "undo"} for _ in way.forth]
    make_folder(out / HISTORY)
    write_atomically(_file(out, id_), json_lines(rows), flush=False)


def read_way(out: Path, id_: str, facts: Facts) -> Way:
    """Return the way that has led to a state: an empty one where none is kept, or it has led to another."""
    file = _file(out, id_)
    try:
        text = file.read_text(encoding="utf-8") if file.stat().st_size <= 2 * _MOST else ""
    except (OSError, ValueError):
        return Way(facts, [], [])
    ways = deque(_replayed(text), maxlen=2)
    for is_ahead, way in enumerate(reversed(ways)):
        if _same(way.facts, facts):
            if is_ahead or not text.endswith("\n"):
                write_way(out, id_, way)  # without what a killed run has begun
            return way._replace(facts=facts)
    file.unlink(missing_ok=True)
    return Way(facts, [], [])


def forget_way(out: Path, id_: str) -> None:
    """Remove the way of a cut-out; what is drawn stays."""
    _file(out, id_).unlink(missing_ok=True)


def _file(out: Path, id_: str) -> Path:
    return out / HISTORY / f"{id_}.jsonl"


def _line(before: Way, after: Way) -> dict[str, Any]:
    for name, states in (("undo", before.back), ("redo", before.forth)):
        if states and after.facts is states[-1]:
            return {"do": name}
    return _go(before.facts.steps, after.facts)


def _go(steps: tuple[Step, ...], facts: Facts) -> dict[str, Any]:
    return {
        "do": "go",
        "steps": [step.to_json() for step in facts.steps[len(steps) :]],
        "cleanup": facts.cleanup.to_json(),
        "first": facts.first,
        "trimap": base64.b64encode(facts.trimap).decode("ascii"),
    }


def _replayed(text: str) -> Iterator[Way]:
    """Yield the way after each line, up to one that is broken."""
    way: Way | None = None
    for line in text.split("\n")[:-1]:  # a line is whole where another one follows
        try:
            way = _taken(way, json.loads(line))
        except (ValueError, TypeError, KeyError, IndexError, RecursionError, binascii.Error):
            return
        yield way


def _taken(way: Way | None, row: Mapping[str, Any]) -> Way:
    if row["do"] == "go":
        steps = tuple(Step.from_json(step) for step in row["steps"])
        trimap = base64.b64decode(row["trimap"], validate=True)
        facts = Facts(trimap, steps, Cleanup.from_json(row["cleanup"]), str(row["first"]))
        if way is None:
            return Way(facts, [], [])
        return Way(facts._replace(steps=way.facts.steps + steps), [*way.back, way.facts][-STEPS:], [])
    if way is None:
        raise ValueError("a way begins with a state")
    back, forth = list(way.back), list(way.forth)
    source, target = (back, forth) if row["do"] == "undo" else (forth, back)
    facts = source.pop()
    target.append(way.facts)
    return Way(facts, back, forth)


def _same(one: Facts, other: Facts) -> bool:
    """Tell whether two states are the same; one trimap may be deflated in more than one way."""
    if one._replace(trimap=b"") != other._replace(trimap=b""):
        return False
    try:
        return one.trimap == other.trimap or zlib.decompress(one.trimap) == zlib.decompress(other.trimap)
    except zlib.error:
        return False
