"""Describe: the alpha of a region by numbers, for filters, statistics, maps and proposals.

=================  =========================================================================================
region_statistics  alpha ratio, gradient, levels, strokes, parts and colours of each class region
shape              stroke widths, separate parts, holes, alpha by depth
texture            gradients at several scales, bands of detail, spectrum
image_properties   what may make an image hard to matte, for `simd explain`
descriptors        one vector of the above that tells matting classes apart
sobel              the derivatives that "gradient" means
colour_distance    how far apart foreground and background colours are where they mix
=================  =========================================================================================
"""
