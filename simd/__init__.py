"""Build, measure and browse semantic image-matting datasets."""

__version__ = "0.1.0"
