"""Classical methods: each solves one image from its own known pixels.

===========  ===============================================================================================
estimators   through pymatting: closed-form, knn, learning-based, large-kernel, shared
random_walk  pymatting's graph, solved the way its equation asks for
===========  ===============================================================================================
"""
