"""Embed: class regions on a map by their features, and how well these separate the classes.

=============  =============================================================================================
embedding      the command: from a set to a map, its files and its summary (result)
patches        the regions of a set and their features; features reads those that a file brings
discriminator  features by the discriminator of a training run
tsne           scaling, principal components, t-SNE
nearest        the nearest patches of other foregrounds, by all pairs or by trees
neighbours     accuracy without the own foreground, silhouettes, confusions
plot, page     the picture, and the page with filters; its thumbnails are sprites beside it
=============  =============================================================================================
"""
