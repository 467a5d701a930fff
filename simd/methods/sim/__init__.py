"""The method `sim`: Semantic Image Matting on any image.

===============  ===========================================================================================
method           loads, checks, and predicts whole or in tiles
inputs           what the networks take in, made as the release makes it
semantic_trimap  which of the 20 patterns an unknown pixel belongs to
solve            the matting network over one padded image
pictures         what the method does, drawn
===============  ===========================================================================================
"""
