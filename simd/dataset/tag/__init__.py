"""Class masks of foregrounds: from a few strokes, or a proposal, to a class for every unknown pixel.

Read in the order of the work: records (what an annotation says of itself), format (its two files),
paint (strokes to pixels), fill (a few pixels to all), simulate (the strokes a person would draw).
"""
