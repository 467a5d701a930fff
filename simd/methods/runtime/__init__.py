"""What every network runs on.

============  ==============================================================================================
check_inputs  arrays that fit each other, and known pixels as the trimap has them
click_maps    maps of nearness to the known pixels
preprocess    what goes into a network and what comes out, declared: order, mean, std, trimap, size
devices       devices and number types that are there, their memory and failures
tiling        large images in overlapping tiles
fold_norms    each norm folded into the convolution before it
winograd      convolutions the way a CPU computes them fastest
============  ==============================================================================================
"""
