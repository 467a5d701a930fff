"""Mean ranks in a terminal, in the form of alphamatting.com's tables."""

from collections.abc import Sequence

from rich.text import Text

from simd.metrics.ranks import OVERALL, MetricRanks
from simd.missing import DASH
from simd.report.console import console, labels, table
from simd.report.numbers import plural

DRIFT = (
    "A mean rank says how many methods stand before one, not by how much, and drifts whenever a method joins "
    "or leaves: print values and paired tests beside it (simd leaderboard)."
)
"""The warning under every table of ranks."""
_NAMED = 3


def print_ranks(ranked: Sequence[MetricRanks]) -> None:
    """Print a table for each metric: mean ranks overall and by trimap, and how stable they are."""
    stdout = console()
    for ranks in ranked:
        several = len(ranks.trimaps) > 1
        shown = (OVERALL, *ranks.trimaps) if several else (OVERALL,)
        heads = labels(list(shown), 14)
        of = "" if ranks.foregrounds == ranks.images else f" of {plural(ranks.foregrounds, 'foreground')}"
        head = f"{plural(ranks.images, 'image')}{of}, {plural(len(ranks.trimaps), 'trimap')}"
        stdout.print(Text.assemble("\n", (f"Mean rank by {ranks.metric}", "bold"), f", {head}\n"))
        if heads != list(shown):
            stdout.print(
                Text("\n".join(f"{n:>3}  {name}" for n, name in zip(heads, shown, strict=True)) + "\n")
            )
        rows = table("method", *map(Text, heads), "one method less", "95 % of draws")
        for each in ranks.methods:
            spans = (each.without_one, each.drawn)
            rows.add_row(
                Text(each.method),
                *(f"{each.mean_rank[name]:.2f}" for name in shown),
                *(DASH if span is None else f"{span[0]:.2f} to {span[1]:.2f}" for span in spans),
            )
        stdout.print(rows)
        if ranks.left_out:
            named = ", ".join(ranks.left_out[:_NAMED])
            more = f" and {len(ranks.left_out) - _NAMED} more" if len(ranks.left_out) > _NAMED else ""
            stdout.print(Text(f"Left out, as a method has no value of them: {named}{more}.", "yellow"))
    stdout.print(
        Text(
            f"\n{DRIFT}\nOne method less: the least and the most mean rank as any one of the others is left "
            "out. Draws are of foregrounds, each with all its images and trimaps; of images in a CSV file of "
            "values, which names no foreground.",
            "dim",
        )
    )
