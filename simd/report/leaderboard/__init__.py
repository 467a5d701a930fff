"""The leaderboard.

==============  ============================================================================================
write           the command: a page, a CSV, Markdown
board           methods scored on the same set, side by side, ready to be shown
differences     which differences between methods are more than chance
examples        the worst images, as thumbnails
reported        figures that others have printed, in tables of their own
page            one HTML file; page_tables, page_differences and page_examples are its parts
terminal, text  tables in a terminal; CSV and Markdown
paper           LaTeX and BibTeX
huggingface     evaluation files for the Hub
==============  ============================================================================================
"""
