"""What recipes draw with.

=======  ===================================================================================================
layer    premultiplied pictures: laid over one another, blurred, made straight again
raster   polygons, strokes and meshes with antialiased edges
curves   paths, outlines and blades as arrays of points
strands  strands of hair: paths, colours, sheen
lathe    turned things, round about an upright axis
shading  ramps, normals of a height field, diffuse and specular light
noise    smooth noise on a lattice, the same at every size
=======  ===================================================================================================
"""
