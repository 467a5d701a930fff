"""Tag: class masks of foregrounds, from a few strokes or a proposal to a class for every unknown pixel.

=============================  =============================================================================
annotation                     what an annotation says of itself; annotation_files keeps it as two files
paint, polygon                 strokes, boxes and polygons to pixels
fill                           a few pixels to all, by geodesic distances
patches, patch_model, propose  masks that nobody drew; fit_model fits the model for other material
agreement, status              how far two annotations agree; what a folder covers
contradictions                 where a class mask is not what was stated of the foreground
folders                        whole folders at a time; text prints what the commands say
annotated_foregrounds          foregrounds with their class masks, for `build` and `select`
formats/                       to and from the files of other tools
simulate                       the strokes that a person would draw, to measure the others
=============================  =============================================================================
"""
