"""Datasets that need no code of their own: each is declared, and serves as what its layers allow.

Facts that are widely known but that no source of the layout states are marked `general`.
"""

from dataclasses import replace
from typing import Any

from simd.citations import MATTING_BENCHMARK
from simd.records import Background, ForegroundFiles
from simd.sources.classified import foregrounds_from
from simd.sources.folder import read_pair
from simd.sources.index import Finished, Index, SourceKind
from simd.sources.layout import Layout, LayoutContents, LayoutItem, Part, has_layout, look_through

DISTINCTIONS_646 = Layout(
    name="distinctions-646",
    title="Distinctions-646",
    parts=(
        Part(name="Train", roots=("Train",), layers={"fg": "FG/*", "alpha": "GT/*"}, count=596, general=True),
        Part(name="Test", roots=("Test",), layers={"fg": "FG/*", "alpha": "GT/*"}, count=50, general=True),
    ),
    total=646,
    licence="Distinctions-646: non-commercial, by agreement",
    citation='Qiao et al., "Attention-Guided Hierarchical Structure Aggregation for Image Matting", '
    "CVPR 2020",
    ask="https://github.com/yuhaoliu7456/CVPR2020-HAttMatting (on request)",
)

AM_2K = Layout(
    name="am-2k",
    title="AM-2k",
    parts=(
        Part(
            name="train",
            roots=("train",),
            layers={"image": "original/m_*", "alpha": "mask/m_*", "fg": "fg/m_*"},
            count=1800,
            general=True,
        ),
        Part(
            name="validation",
            roots=("validation",),
            layers={
                "image": "original/m_*",
                "alpha": "mask/m_*",
                "trimap": "trimap/m_*",
                "fg": "fg/m_*",
            },
            count=200,
            general=True,
        ),
    ),
    total=2000,
    licence="AM-2k: its MIT agreement",
    citation='Li, Zhang, Maybank and Tao, "Bridging Composite and Real: Towards End-to-End Deep Image '
    'Matting", IJCV 2022',
    ask="https://github.com/JizhiziLi/GFM",
)

P3M_10K = Layout(
    name="p3m-10k",
    title="P3M-10k",
    parts=(
        Part(
            name="train",
            roots=("train",),
            layers={"image": "blurred_image/p_*", "alpha": "mask/p_*", "fg": "fg/p_*"},
            count=9421,
        ),
        Part(
            name="P3M-500-P",
            roots=("validation/P3M-500-P", "P3M-500-P"),
            layers={"image": "blurred_image/p_*", "alpha": "mask/p_*", "trimap": "trimap/p_*"},
            count=500,
        ),
        Part(
            name="P3M-500-NP",
            roots=("validation/P3M-500-NP", "P3M-500-NP"),
            layers={"image": "original_image/p_*", "alpha": "mask/p_*", "trimap": "trimap/p_*"},
            count=500,
        ),
    ),
    licence="P3M-10k: its MIT agreement",
    citation='Li, Ma, Zhang and Tao, "Privacy-Preserving Portrait Matting", ACM MM 2021',
    ask="https://github.com/JizhiziLi/P3M",
)

AIM_500 = Layout(
    name="aim-500",
    title="AIM-500",
    parts=(
        Part(
            name="",
            layers={"image": "original/o_*", "alpha": "mask/o_*", "trimap": "trimap/o_*"},
            count=500,
        ),
    ),
    licence="AIM-500: its MIT agreement",
    citation='Li, Zhang and Tao, "Deep Automatic Natural Image Matting", IJCAI 2021',
    ask="https://github.com/JizhiziLi/AIM",
)

_TRAINING = 27
ALPHAMATTING = Layout(
    name="alphamatting",
    title="alphamatting.com, training images",
    parts=tuple(
        Part(
            name=size,
            layers={
                "image": f"input_training_{size}/GT*",
                "alpha": f"gt_training_{size}/GT*",
                "trimap": f"trimap_training_{size}/Trimap1/GT*",
            },
            count=_TRAINING,
            general=size == "highres",
        )
        for size in ("lowres", "highres")
    ),
    licence="none is stated; ask its authors",
    licensed=False,
    citation=MATTING_BENCHMARK,
    ask="http://www.alphamatting.com/datasets.php (training archives: input, trimap, gt)",
)

ALPHAMATTING_TRIMAP2 = replace(
    ALPHAMATTING,
    name="alphamatting-trimap2",
    title="alphamatting.com, training images with their second trimaps",
    parts=tuple(
        replace(part, layers={**part.layers, "trimap": part.layers["trimap"].replace("Trimap1", "Trimap2")})
        for part in ALPHAMATTING.parts
    ),
)

BG_20K = Layout(
    name="bg-20k",
    title="BG-20k",
    parts=(
        Part(name="train", layers={"image": "train/h_*"}, count=15_000, general=True),
        Part(name="testval", layers={"image": "testval/h_*"}, count=5_000, general=True),
    ),
    total=20_000,
    licence="BG-20k: its MIT agreement",
    citation=AM_2K.citation,
    ask=AM_2K.ask,
)


def foregrounds_of(layout: Layout) -> SourceKind:
    """Return the kind that reads the layers fg and alpha; classes come from a CSV file alone."""
    layers = ("fg", "alpha")

    def cutouts(origin: str) -> Index[ForegroundFiles]:
        contents = look_through(layout, origin, layers=layers)
        records = tuple(
            ForegroundFiles(
                id=_name(layout, item),
                source=layout.name,
                file=item.files["fg"],
                alpha_file=item.files["alpha"],
                licence=layout.licence_of_each,
            )
            for item in contents.items
        )
        return _index(layout, records, contents)

    shown = layout.describe(layers) + "; classes by --classes"
    return _declared(
        layout,
        layers,
        shown,
        index_files=cutouts,
        index_foregrounds=foregrounds_from(cutouts, title=lambda _place: layout.title),
        read=read_pair,
    )


def pairs_of(layout: Layout, *, trimaps: bool = False) -> SourceKind:
    """Return the kind that reads the layers image and alpha, and the official trimaps; needed or optional."""
    layers = ("image", "alpha", "trimap") if trimaps else ("image", "alpha")

    def index(origin: str) -> Index[Finished]:
        contents = look_through(layout, origin, layers=layers, optional=() if trimaps else ("trimap",))
        records = tuple(
            Finished(
                id=_name(layout, item),
                source=layout.name,
                fg_id=item.stem,  # alphamatting.com has each image in two sizes
                image=item.files["image"],
                alpha=item.files["alpha"],
                trimap=item.files.get("trimap"),
                licence=layout.licence_of_each,
            )
            for item in contents.items
        )
        return _index(layout, records, contents)

    return _declared(layout, layers, layout.describe(("image", "alpha", "trimap")), index_finished=index)


def backgrounds_of(layout: Layout) -> SourceKind:
    """Return the kind of a dataset of photographs."""

    def index(origin: str) -> Index[Background]:
        contents = look_through(layout, origin, layers=("image",))
        records = tuple(
            Background(
                id=f"{item.part.name}/{item.files['image'].name}",
                source=layout.name,
                file=item.files["image"],
                licence=layout.licence_of_each,
            )
            for item in contents.items
        )
        return Index(layout.name, records, *contents[1:])

    return _declared(layout, ("image",), layout.describe(("image",)), index_backgrounds=index)


def _index(layout: Layout, records: tuple[Any, ...], contents: LayoutContents) -> Index[Any]:
    cautions = (layout.caution,) if layout.caution and records else ()
    noted = contents._replace(notes=(*contents.notes, *cautions))
    return Index(layout.name, records, *noted[1:], cautions=cautions)


def _declared(layout: Layout, layers: tuple[str, ...], shown: str, **functions: Any) -> SourceKind:
    """Return the kind that states what a layout states, with the functions of its role."""
    return SourceKind(
        name=layout.name,
        title=layout.title,
        layout=shown,
        licence=layout.licence,
        citation=layout.citation,
        ask=layout.ask,
        counts=layout.describe_counts(),
        inner=layout.inner,
        recognise=lambda origin: has_layout(layout, origin, layers),
        **functions,
    )


def _name(layout: Layout, item: LayoutItem) -> str:
    return f"{item.part.name}/{item.stem}" if len(layout.parts) > 1 else item.stem


DISTINCTIONS_646_FOREGROUNDS = foregrounds_of(DISTINCTIONS_646)
AM_2K_FOREGROUNDS = foregrounds_of(AM_2K)
P3M_10K_FOREGROUNDS = foregrounds_of(P3M_10K)
BG_20K_BACKGROUNDS = backgrounds_of(BG_20K)
AM_2K_FINISHED = pairs_of(AM_2K)
P3M_10K_FINISHED = pairs_of(P3M_10K)
AIM_500_FINISHED = pairs_of(AIM_500)
ALPHAMATTING_FINISHED = pairs_of(ALPHAMATTING)
ALPHAMATTING_TRIMAP2_FINISHED = pairs_of(ALPHAMATTING_TRIMAP2, trimaps=True)
