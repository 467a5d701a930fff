"""The networks that tables of matting papers compare with, from the weights that their authors released.

============  ==============================================================================================
method        `dim`, `indexnet`, `gca` and `fba` for `simd predict`
protocols     how each release goes from an image and its trimap to a matte, size rules and rounding included
============  ==============================================================================================
"""
