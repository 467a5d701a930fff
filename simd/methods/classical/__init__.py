"""Classical methods: each solves one image from its own known pixels.

===========  ===============================================================================================
estimators   all of them by name: closed-form, knn, learning-based, large-kernel, random-walk, shared
closed_form  Levin's equation, solved exactly
random_walk  pymatting's graph, solved exactly
direct/      exact solves: a sparse Cholesky factor made for the unknown regions of mattes
===========  ===============================================================================================
"""
