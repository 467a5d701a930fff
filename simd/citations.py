"""The papers that simd rests on, as sources and methods cite them: surnames, "title", venue and year."""

import re
from typing import NamedTuple

SEMANTIC_IMAGE_MATTING = 'Sun, Tang and Tai, "Semantic Image Matting", CVPR 2021'
DEEP_IMAGE_MATTING = 'Xu, Price, Cohen and Huang, "Deep Image Matting", CVPR 2017'
MATTING_BENCHMARK = 'Rhemann et al., "A Perceptually Motivated Online Benchmark for Image Matting", CVPR 2009'
FOREGROUND_ESTIMATION = 'Germer et al., "Fast Multi-Level Foreground Estimation", ICPR 2020'

METHOD_PAPERS = {
    "closed-form": 'Levin, Lischinski and Weiss, "A Closed-Form Solution to Natural Image Matting", '
    "CVPR 2006",
    "knn": 'Chen, Li and Tang, "KNN Matting", CVPR 2012',
    "information-flow": 'Aksoy, Aydın and Pollefeys, "Designing Effective Inter-Pixel Information Flow for '
    'Natural Image Matting", CVPR 2017',
    "learning-based": 'Zheng and Kambhamettu, "Learning Based Digital Matting", ICCV 2009',
    "large-kernel": 'He, Sun and Tang, "Fast Matting Using Large Kernel Matting Laplacian Matrices", '
    "CVPR 2010",
    "random-walk": 'Grady et al., "Random Walks for Interactive Alpha-Matting", VIIP 2005',
    "shared": 'Gastal and Oliveira, "Shared Sampling for Real-Time Alpha Matting", Eurographics 2010',
    "fused": 'Cho, Tai and Kweon, "Natural Image Matting using Deep Convolutional Neural Networks", '
    "ECCV 2016",
    "sim": SEMANTIC_IMAGE_MATTING,
    "dim": DEEP_IMAGE_MATTING,
    "indexnet": 'Lu, Dai, Shen and Xu, "Indices Matter: Learning to Index for Deep Image Matting", ICCV 2019',
    "gca": 'Li and Lu, "Natural Image Matting via Guided Contextual Attention", AAAI 2020',
    "fba": 'Forte and Pitié, "F, B, Alpha Matting", arXiv 2020',
    "shm": 'Chen et al., "Semantic Human Matting", ACM MM 2018',
    "vitmatte": 'Yao et al., "ViTMatte: Boosting Image Matting with Pretrained Plain Vision Transformers", '
    "Information Fusion 2024",
}
"""Method to its paper; `fused` is made after the one named here."""

_FORM = re.compile(r'(?P<authors>[^"]+), "(?P<title>[^"]+)", (?P<venue>[^"]+) (?P<year>\d{4})')


class Citation(NamedTuple):
    """What a citation says, part by part."""

    authors: tuple[str, ...]  # surnames; "others" at the end, where it says et al.
    title: str
    venue: str
    year: str


def citation_parts(text: str) -> Citation | None:
    """Return the parts of a citation in the form of this file; None where the text is of another form.

    Examples
    --------
    >>> citation_parts('Chen, Li and Tang, "KNN Matting", CVPR 2012')
    Citation(authors=('Chen', 'Li', 'Tang'), title='KNN Matting', venue='CVPR', year='2012')
    >>> citation_parts('Grady et al., "Random Walks for Interactive Alpha-Matting", VIIP 2005').authors
    ('Grady', 'others')
    """
    match = _FORM.fullmatch(text.strip())
    if match is None:
        return None
    names = match["authors"].replace(" et al.", ", others").replace(" and ", ", ").split(", ")
    return Citation(tuple(names), match["title"], match["venue"], match["year"])
