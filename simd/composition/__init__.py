"""Compose: from foregrounds and backgrounds to a set, by a protocol.

===============  ===========================================================================================
build            the command; its options are listed in options, spec reads them from a TOML file
plan             which foreground goes on which background; pair_lists follows lists of others
render           the composites of one foreground: read, prepare, compose, encode, write
arithmetic       the composite itself, on arrays; loops, those of large ones, compiled
recent           backgrounds that several composites show, read and scaled once
straight_colour  colour that a cut-out holds multiplied by its alpha, divided again
protocols/       the rules of a composite: exact, simd-2021, adobe-2017
export           a set in the layout of another tool
import_exported  the same set again from there
import_finished  images that have their alpha already, turned into a set
stream           composites without end for training, drawn when they are asked for
release_layout   the folders of the SIMD release beside a set of ours
self_check       whether the installed libraries make what the protocols ask for
===============  ===========================================================================================
"""
