"""The recipes of the 20 classes: one file a class, ``(rng, side) -> Layer``, listed in `RECIPES`.

========================================  ==================================================================
hair_easy, hair_hard, fur                 strands and coats
fire, smoke_cloud, water_spray            what has no outline
glass_ice, plastic_bag, silk, water_drop  what lets light through
lace, net, spider_web                     what has holes
flower, leaf, tree, insect                what grows and crawls
sharp, defocus, motion                    the same things in focus, out of it, and moving
========================================  ==================================================================
"""
