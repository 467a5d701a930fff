"""Backgrounds drawn by the built-in generator, alone or together with the built-in photographs."""

import re
from functools import lru_cache

from simd.image import UInt8
from simd.records import Background
from simd.sources import builtin
from simd.sources.generated import DrawingOrder, parse_id, read_order
from simd.sources.index import Index, SourceKind

_HELD, _HELD_SIZE = 128, 1024  # scenes kept for the next foreground, at most 270 MB; larger ones are redrawn


def _index(origin: str) -> Index[Background]:
    return _scenes(read_order(origin, "scenes", 2, 768, what="PER_KIND"))


def _index_open(origin: str) -> Index[Background]:
    order = read_order(origin, "open", 2, 768, what="PER_KIND")
    drawn, photographs = _scenes(order), builtin.photographs(order.split)
    expected = drawn.expected + photographs.expected
    return Index("open", drawn.records + photographs.records, expected, photographs.missing)


def _scenes(order: DrawingOrder) -> Index[Background]:
    from simd.generator.scenes import SCENES

    records = [
        Background(id=f"scenes/{kind}/{seed}@{order.size}", source="scenes", licence="CC0-1.0")
        for kind in SCENES
        for seed in order.seeds
    ]
    return Index("scenes", tuple(records), len(records))


def _read(background: Background) -> UInt8:
    from simd.generator.scenes import scene

    kind, seed, size = parse_id(background.id)
    return _held(kind, seed, size) if size <= _HELD_SIZE else scene(kind, seed, size)


@lru_cache(maxsize=_HELD)
def _held(kind: str, seed: int, size: int) -> UInt8:
    from simd.generator.scenes import scene

    drawn = scene(kind, seed, size)
    drawn.flags.writeable = False  # shared by all who ask
    return drawn


SCENES = SourceKind(
    name="scenes",
    title="The built-in generator's backgrounds",
    layout="none: drawn by seed (name it 'scenes:PER_KIND@WIDTH', and ':train' or ':test' behind it)",
    licence="CC0-1.0",
    citation="",
    recognise=lambda origin: re.match("scenes[:@]", origin) is not None,
    index_backgrounds=_index,
    read_background=_read,
)
OPEN = SourceKind(
    name="open",
    title="Backgrounds that need no permission",
    layout="none: scenes and built-in photographs (name it 'open:PER_KIND@WIDTH', and ':train' or ':test' "
    "behind it: no scene and no photograph is in both)",
    licence="CC0-1.0; of photographs CC0, public domain, CC BY 2.0",
    citation="",
    recognise=lambda origin: re.match("open[:@]", origin) is not None,
    index_backgrounds=_index_open,
)
