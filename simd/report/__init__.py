"""Show: tables, pictures and pages of what the other stages have made.

============  =============================================================================================
leaderboard   boards and rivals say what to show; page and its parts, board_text and tables show it;
              examples picks the worst images; page_frame is what all such pages share
statistics/   what sets are made of; overview is a set's picture, balance its counts
embed/        class regions on a map by their features
sources       what `simd index` prints; sources_page writes docs/sources.md; selection_page shows drops
browse/       failures one by one: in the FiftyOne App, or as a page
============  =============================================================================================
"""
