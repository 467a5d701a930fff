"""Train: the reference networks.

==========  ================================================================================================
losses      the losses of Semantic Image Matting, each a function of tensors
objectives  which of them, in the paper's or the release's form, with which weight; the frozen discriminator
tensors     samples of whole numbers as float tensors
==========  ================================================================================================
"""
