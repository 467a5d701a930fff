"""Statistics: what sets are made of, side by side.

===========  ===============================================================================================
measure      the command: every image and class region of the sets, measured (result)
tables       class means, balance, and the CSV and Markdown files
plots, page  the three pictures, and the page that holds them with the extreme images of each class
===========  ===============================================================================================
"""
