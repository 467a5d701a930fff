"""Things that several recipes show, or that are too long for one.

=================================  =========================================================================
bust, ponytail                     a head for hair to grow on
animals                            bodies, coats and faces of animals
insect_plans, insect_limbs, wings  how insects are built
glassware, ice, turnery            vessels, cubes of ice, turned things
ironware, toys                     flat metal things, a car, a ball
meshes, needlework                 nets and lace in the flat
jets                               where water is thrown to
=================================  =========================================================================
"""
