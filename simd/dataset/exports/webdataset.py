"""WebDataset: a set as tar shards, which training reads from the first byte to the last.

A sample is five files side by side under one key, the id, which holds no dot: ``<id>.json``, the row, and a
PNG a layer. Composites are dealt to the shards in turn, so that each shard is a mixture of all classes. Only
the tar of the standard library is needed, to write and to read.
"""

import io
import json
import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from simd.dataset.card import table_of_layers
from simd.dataset.exports import Asked, Contents, Stored
from simd.dataset.exports.note import Note, Part, row_of
from simd.dataset.manifest import MattingSet, Sample
from simd.decoding import read_whole
from simd.errors import DataError
from simd.files import cannot_keep, check_regular, sizes_of, write_atomically
from simd.progress import counting
from simd.records import LAYERS

SHARD_BYTES = 256 * 2**20
"""How large a shard is at most unless a number of them is given; an image's files are never parted."""
_SHARDS = 4  # their number is a multiple of it: of nodes times workers of a small machine
_MAX_PNG, _MAX_ROW = 2**29, 2**20  # bytes of a member that is read at all
_MEMBER = re.compile(rf"([a-z0-9-]+)\.(json|(?:{'|'.join(LAYERS)})\.png)")
_LAYOUT = """\
Tar shards, `{split}-<number>.tar`. A sample is the files under one key, the image's id:

| file | what it holds |
|---|---|
{layers}
| `<id>.json` | its row: class, foreground, background, licences, recipe, SHA-256 of the decoded pixels |

Images are dealt to the shards in turn, and `place` in the row is the place in the set. Shuffle the shards
yourself, anew each epoch, and give each process its own:

```python
import glob, random
import webdataset

urls = sorted(glob.glob("<this folder>/{split}-*.tar"))
random.Random(f"{{seed}} {{epoch}}").shuffle(urls)
samples = webdataset.WebDataset(urls[rank::world], shardshuffle=False, nodesplitter=None).decode("rgb8")
```

`export.json` says which image lies in which shard, and holds the set's `dataset.json` and `ATTRIBUTION.md`:
`simd import <this folder> OUT` makes the set again.
"""


class Packed(NamedTuple):
    """Where the layers of a composite lie: a shard, and the first byte and the length of each PNG in it."""

    shard: Path
    spans: Mapping[str, tuple[int, int]]


# -- writing ---------------------------------------------------------------------------------------------


def write(matting_set: MattingSet, out: Path, asked: Asked) -> list[Part]:
    """Write a set as tar shards; the same set gives the same bytes."""
    samples = list(matting_set)
    count = asked.shards or _default_shards(samples)
    parts = []
    with counting(len(samples), "images packed") as advance:
        for number in range(count):
            name = f"{asked.split}-{number:06d}.tar"
            dealt = range(number, len(samples), count)
            try:
                with tarfile.open(out / name, "w", format=tarfile.PAX_FORMAT) as shard:
                    for place in dealt:
                        _add(shard, samples[place], place, matting_set.digest)
                        advance(1)
            except OSError as error:
                size = sum(_bytes(samples[place]) for place in dealt)
                raise cannot_keep(out / name, error, size=size) from error
            ids = [samples[place].row.id for place in dealt]
            parts.append(Part(name, (out / name).stat().st_size, ids))
    return parts


def _default_shards(samples: Sequence[Sample]) -> int:
    total = sum(map(_bytes, samples))
    count = -(-total // SHARD_BYTES)
    return max(1, min(len(samples), -(-count // _SHARDS) * _SHARDS))


def _bytes(sample: Sample) -> int:
    return sum(sizes_of(*map(sample.path, LAYERS)))


def _add(shard: tarfile.TarFile, sample: Sample, place: int, digest: str) -> None:
    row = {**sample.row.to_row(), "place": place, "set": digest}
    files = {"json": json.dumps(row, ensure_ascii=False, allow_nan=False).encode()}
    files |= {f"{layer}.png": read_whole(sample.path(layer)) for layer in LAYERS}
    for ending, content in files.items():
        member = tarfile.TarInfo(f"{sample.row.id}.{ending}")  # of no time, and of nobody
        member.size = len(content)
        shard.addfile(member, io.BytesIO(content))


# -- reading ---------------------------------------------------------------------------------------------


def read(folder: Path, note: Note) -> Contents:
    """List the samples of all shards; what is cut short, doubled or of another set is a problem."""
    stored: dict[str, Stored] = {}
    problems: dict[str, str] = {}
    listed = {part.name for part in note.parts}
    for strange in sorted(path.name for path in folder.glob("*.tar") if path.name not in listed):
        problems[strange] = "is no shard of this export; two exports lie in one folder: move one away"
    with counting(sum(len(part.ids) for part in note.parts), "samples listed", quiet=True) as advance:
        for part in note.parts:
            reason = ""
            try:
                for sample in _samples(folder / part.name, note.digest):
                    advance(1)
                    _take(sample, stored, problems)
            except DataError as error:
                reason = str(error)
            _name_missing(part, folder, reason, stored, problems)
    return Contents(sorted(stored.values(), key=lambda each: each.place), problems)


def _take(sample: Stored, stored: dict[str, Stored], problems: dict[str, str]) -> None:
    id_ = sample.row.id
    if id_ in stored or id_ in problems:
        before = stored.pop(id_, None)
        if before is not None:
            problems[id_] = (
                f"the key stands twice, in {before.where.shard.name} and {sample.where.shard.name}"
            )
        return
    stored[id_] = sample


def _name_missing(
    part: Part, folder: Path, reason: str, stored: Mapping[str, Stored], problems: dict[str, str]
) -> None:
    """Give a reason for each sample that a shard should have and has not."""
    missing = [id_ for id_ in part.ids if id_ not in stored and id_ not in problems]
    if missing and not reason:
        (size,) = sizes_of(folder / part.name)
        cut = f"; it has {size:,} bytes, and had {part.bytes:,}" if size != part.bytes else ""
        reason = f"{folder / part.name}: is cut short: its sample is not in it{cut}"
    problems |= dict.fromkeys(missing, reason)
    if reason and not missing:
        problems[part.name] = reason


def _samples(path: Path, digest: str) -> Iterator[Stored]:
    """Yield the samples of a shard as far as it is whole; DataError where it ends or is not one of ours."""
    key, row = "", None
    spans: dict[str, tuple[int, int]] = {}
    for id_, ending, span, content in _members(path):
        if id_ != key:
            if key:
                yield _sample(path, key, row, spans, digest)
            key, row, spans = id_, None, {}
        if ending == "json":
            row = content
        else:
            spans[ending.removesuffix(".png")] = span
    if key:
        yield _sample(path, key, row, spans, digest)


def _sample(
    path: Path, key: str, content: bytes | None, spans: Mapping[str, tuple[int, int]], digest: str
) -> Stored:
    lacking = [layer for layer in LAYERS if layer not in spans] + ["json"] * (content is None)
    if content is None or lacking:
        raise DataError(f"{path}: is cut short, or its files are in another order: {key} lacks {lacking[0]}")
    try:
        values: Any = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: {key}.json is not JSON ({error})") from error
    row = row_of(values, f"{path}, {key}.json")
    place = values.get("place")
    if row.id != key or type(place) is not int:
        raise DataError(f"{path}: {key}.json is the row of {row.id!r:.80}, at {place!r:.20}, not of its key")
    if values.get("set") != digest:
        raise DataError(
            f"{path}: is a shard of another set (digest {str(values.get('set'))[:12]}) than export.json "
            f"speaks of ({digest[:12]}); get the shards and export.json from one place"
        )
    return Stored(row, place, Packed(path, spans), f"{path}, {key}")


def _members(path: Path) -> Iterator[tuple[str, str, tuple[int, int], bytes | None]]:
    """Yield id, ending, place and (of rows) content of each file in a shard, all of it checked before."""
    check_regular(path)
    if not path.exists():
        raise DataError(f"{path}: is missing")
    size = path.stat().st_size
    names: set[str] = set()
    try:
        with tarfile.open(path, "r:") as shard:  # never compressed: a small file could grow without end
            for member in shard:
                reason, match = _fault(member, names, size), _MEMBER.fullmatch(member.name)
                if reason or match is None:
                    raise DataError(f"{path}: its file {member.name[:120]!r} {reason or 'is of no sample'}")
                names.add(member.name)
                opened = shard.extractfile(member) if match[2] == "json" else None
                content = None if opened is None else opened.read()
                yield match[1], match[2], (member.offset_data, member.size), content
    except DataError:
        raise
    except Exception as error:  # a hostile header can raise anything
        raise DataError(f"{path}: is no tar, or is cut short ({error})") from error


def _fault(member: tarfile.TarInfo, names: set[str], size: int) -> str:
    if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.issparse():
        return "is a link, a folder or a device"
    if member.name in names:
        return "stands twice"
    most = _MAX_ROW if member.name.endswith(".json") else _MAX_PNG
    if not 0 < member.size <= most:
        return f"is of {member.size:,} bytes, and up to {most:,} are read"
    return "is cut short" if member.offset_data + member.size > size else ""


def unpack(where: Packed, folder: Path) -> dict[str, Path]:
    """Put the PNGs of a sample into a folder."""
    files = {layer: folder / f"{layer}.png" for layer in where.spans}
    for layer, content in contents_of(where).items():
        write_atomically(files[layer], content, flush=False)
    return files


def contents_of(where: Packed) -> dict[str, bytes]:
    """Return the PNGs of a sample: layer to its bytes."""
    contents = {}
    try:
        with where.shard.open("rb") as stream:
            for layer, (start, length) in where.spans.items():
                stream.seek(start)
                contents[layer] = stream.read(length)
    except OSError as error:
        raise DataError(f"{where.shard}: cannot be read ({error.strerror})") from error
    return contents


# -- the card --------------------------------------------------------------------------------------------


def layout(split: str) -> str:
    """Return Markdown for the card: what lies where, and how it is read."""
    return _LAYOUT.format(split=split, layers=table_of_layers("<id>.{layer}.png"))


def head(split: str) -> str:
    """Return lines of YAML for the head of the card."""
    return f"configs:\n- config_name: default\n  data_files:\n  - split: {split}\n    path: {split}-*.tar\n"
