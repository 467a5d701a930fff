"""Predict: matting methods, and the run of one over a set."""
