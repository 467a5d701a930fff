"""Exact solves of the linear systems of matting: a Cholesky factor in an order that keeps it small.

============  =========================================================================================
grid          the unknown pixels of a picture as a numbered list; a matrix of one stencil for each
dissection    the order of elimination, by straight cuts, and the tree of nodes that it makes
plan          the tree with its sizes, where each part is kept, in which turn parts are made
fronts        the factor itself: one dense block for each node, by LAPACK
substitution  from the factor to the solution; the product with the matrix
renewal       a factor that is kept, and renewed where pixels change
growing_tree  its tree, in which pixels come and go
arena         its memory
lapack        how compiled loops reach SciPy's LAPACK
subnormals    floats below the smallest normal one, which are slow
solver        all of it in turn: solve a system, and say how exactly
============  =========================================================================================

Unknown regions are bands. Cut across, a band falls into two by a few pixels, so eliminating the pieces before
the cuts leaves a hundred or two numbers for each pixel in the factor, whatever the size of the picture. The
ideas are those of George (1973, nested dissection) and of Duff and Reid (1983, fronts).
"""
