"""Methods in ONNX files.

=======  ===================================================================================================
card     the TOML file beside a model, which says what the model takes in and gives out
session  models opened, which may be damaged or hostile, and run
model    the method `onnx`: any matting model with a card
sim      SIM by its two exported networks
export   SIM's networks to ONNX, compared with PyTorch
=======  ===================================================================================================
"""
