"""Make: from declared sources to a set on disk, in the order of the work.

============  =============================================================================================
sources/      where foregrounds, backgrounds and finished images lie; synthetic/ draws foregrounds
select        what can serve as truth: filters, colour_filters, looks, duplicates, leaks, name_lists,
              backgrounds; findings has the reasons
tag/          class masks of regions; exchange/ moves them between tools, annotated joins them to foregrounds
equal         which foregrounds make the classes equal
balance       which foreground goes on which background; pairing follows lists of others; census counts
protocols/    the rules of a composite; composite and trimap have the arithmetic
build         the command; make composes, writing keeps it resumable, manifest and released write it down,
              licences says who is to be named, spec reads a file; importing takes finished images
verify        whether a set is what was built; installation, whether the libraries are
============  =============================================================================================
"""
