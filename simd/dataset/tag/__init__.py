"""Class masks of foregrounds: from a few strokes, or a proposal, to a class for every unknown pixel.

Read in the order of the work: records (what an annotation says of itself), format (its two files), paint
(strokes to pixels), fill (a few pixels to all), patches, model and propose (masks that nobody drew), fitting
(a model for other material), agreement, status; batch does whole folders, text prints. simulate draws the
strokes that a person would, to measure the others.
"""
