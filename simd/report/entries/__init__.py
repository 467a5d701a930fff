"""Entries: what a method hands in to a board, one folder each.

=======  ===================================================================================================
card     card.toml: the method, its weights, the machine, and what was scored
files    the folder: card.toml, scores.csv, scores.json; made, read, and all of a folder at once
check    every figure computed again from the mattes
rescore  entries of an earlier version of the metrics, renewed, and what that has changed
=======  ===================================================================================================
"""
