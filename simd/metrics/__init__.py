"""Score: the four matting errors, over images, classes and regions."""
