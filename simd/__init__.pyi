# The public names and their homes: read by simd/__init__.py, by type checkers and by editors.

from .cluster import on_cluster as on_cluster
from .composition.build import build as build
from .composition.export import export as export
from .composition.stream import stream as stream
from .dataset.manifest import load_set as load_set
from .dataset.verify import verify as verify
from .generator import synthetic as synthetic
from .generator.objects import mixed as mixed
from .generator.scenes import scene as scene
from .methods.one_image import matte as matte
from .methods.predict import predict as predict
from .metrics.alpha import conn as conn
from .metrics.alpha import grad as grad
from .metrics.alpha import mse as mse
from .metrics.alpha import sad as sad
from .metrics.evaluate import evaluate as evaluate
from .report.browse.open import browse as browse
from .report.embed.embedding import embed as embed
from .report.leaderboard.write import write_leaderboard as write_leaderboard
from .report.selection import select as select
from .report.source_table import index as index
from .report.statistics.measure import stats as stats
from .selection.class_counts import balance as balance
from .studio.cutout.one_picture import cutout as cutout
from .taxonomy import CLASSES as CLASSES
from .version import __version__ as __version__
