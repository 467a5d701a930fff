"""Choose: which foregrounds and backgrounds can serve, and how many of each class.

==================================  ========================================================================
foregrounds                         the command: every drop and warning with its reason and figure
alpha_filters, colour_filters       each filter looks for one defect; reasons says how grave each is
near_duplicates, near_hashes        whether two show the same, and an index of hashes that finds candidates
searcher, duplicates, leaks         what shows the same, within a folder and across two
stored_thumbs                       thumbnails in a file in place of memory
name_lists                          lists of foregrounds, and a folder indexed with them
backgrounds                         photographs large enough, readable, no two alike
class_counts                        foregrounds and composites by class
class_balance                       which foregrounds make the classes equal
reasons                             what can be wrong, and what follows
selection_file                      what is kept, as a file
==================================  ========================================================================
"""
