"""What the leaderboard page shows of methods pair by pair: difference, interval, p, chance to be best."""

from dataclasses import dataclass

from simd.metrics.score import METRICS
from simd.report.leaderboard.board import CLASS_MEAN, Board
from simd.report.leaderboard.differences import SHOWN, PairedComparison
from simd.report.numbers import p_text, plural, scaled, signed, signed_span


@dataclass(frozen=True, slots=True)
class DifferenceCell:
    """Row − column."""

    text: str
    kind: str  # "better" or "worse" where the difference is more than chance, else ""
    interval: str
    reason: str  # why there is no interval
    p: str
    p_holm: str


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One method against the others; None against itself."""

    name: str
    share: float  # the probability of having the lowest mean
    cells: tuple[DifferenceCell | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """The methods of a board pair by pair for one metric, or the reason why they cannot be compared."""

    metric: str
    reason: str = ""
    mean: str = ""
    where: str = ""
    only: str = ""
    names: tuple[str, ...] = ()
    rows: tuple[DifferenceRow, ...] = ()


def differences(board: Board) -> list[Differences]:
    """Return the comparison for each metric; nothing for a lone method."""
    return [_differences(board, metric) for metric in METRICS] if len(board.entries) > 1 else []


def _differences(board: Board, metric: str) -> Differences:
    pairs = board.comparisons.get(metric)
    if pairs is None:
        return Differences(
            metric=metric, reason="No comparison: the methods share no image that has this score."
        )
    if pairs.reason:
        return Differences(
            metric=metric,
            reason=f"No comparison: {pairs.reason}, too little to tell how much another draw would vary.",
        )
    count, shown = plural(pairs.images, "image"), list(pairs.best)[:SHOWN]
    names = tuple(board.entries[row].name for row in shown)
    more = len(pairs.best) - len(shown)
    return Differences(
        metric=metric,
        mean="class-balanced mean" if pairs.over == CLASS_MEAN else "mean over images",
        where=count if pairs.images == board.size or pairs.left_out else f"the {count} that all of them have",
        only=" ".join(
            filter(
                None,
                (
                    f"The best {SHOWN} are shown; p is corrected for the pairs of all {len(pairs.best)}, "
                    "which stand in differences.csv."
                    if more
                    else "",
                    pairs.note,
                ),
            )
        ),
        names=names,
        rows=tuple(
            DifferenceRow(
                name,
                pairs.best[row],
                tuple(_cell(board, pairs, metric, row, column) for column in shown),
            )
            for row, name in zip(shown, names, strict=True)
        ),
    )


def _cell(board: Board, pairs: PairedComparison, metric: str, row: int, column: int) -> DifferenceCell | None:
    if row == column:
        return None
    difference, decimals = pairs.differences[row, column], board.decimals[metric]
    estimate = difference.estimate
    clear = "better" if estimate.mean < 0 else "worse"
    return DifferenceCell(
        text=signed(scaled(estimate.mean, metric), decimals),
        kind=clear if pairs.clear(row, column) else "",
        interval=signed_span(estimate, metric, decimals),
        reason=estimate.reason,
        p=p_text(difference.p),
        p_holm=p_text(difference.p_holm),
    )
