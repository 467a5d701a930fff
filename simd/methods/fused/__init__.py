"""The method `fused`: a small network over the answers of two classical methods, its weights in the package.

================  ==========================================================================================
inputs            what the network is given besides: known colours spread, nearness, the projection
onnx_convolution  a convolution as OpenCV reads it
convolution       and as OpenCV computes it, in blocks that fit a cache
network           the network of them
propagation       its alpha carried on by colours, where it trusts it little
method            an image solved, whole or in tiles
weights/          the weights, and the card that says where they are from
================  ==========================================================================================
"""
