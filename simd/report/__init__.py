"""Show: tables, pictures and pages of what the other stages have made.

=================  =========================================================================================
leaderboard/       methods side by side: in the terminal, as CSV and Markdown, as a page with the worst
                   cases
entries/           what a method hands in to a board, one folder each
statistics/        what sets are made of
embed/             class regions on a map by their features
browse/            failures one by one: in the FiftyOne App, or as a page
sheets/            pictures of many foregrounds: classes, taxonomy, scenes, overview
html/, templates/  what all pages share; console, what all tables in a terminal do
selection          the whole of `simd select`; selection_page shows what it dropped
ranks              mean ranks in a terminal
explain            why a method fails: `simd explain` in a terminal, as CSV, as a page
court              what `simd court` has found: in a terminal, as CSV, as a page
training_page      how a training run goes: RUN/index.html
class_counts       what `simd balance` prints
licences           what `simd licences` prints
citations          what `simd cite` prints
source_table       what `simd index` prints; source_docs writes docs/sources.md from guides/
class_files          the CSV file of classes that a user fills in
sample_regions     class mask ∩ unknown region, as statistics and embed use it
image_rows         going over the images of a set for both, so that an interrupted run goes on
numbers            how figures are printed: decimals, signs, dashes
plot_labels        names beside the points of a plot that do not cover each other
=================  =========================================================================================
"""
