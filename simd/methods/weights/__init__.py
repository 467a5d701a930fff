"""Weights of the reference networks.

=====================  =====================================================================================
folder                 kept as safetensors with a card, and loaded
recognise              which network named tensors are of
published              what is known of released weights: licence, training data
untrusted_checkpoints  files of PyTorch weights read without running anything that they hold
=====================  =====================================================================================
"""
