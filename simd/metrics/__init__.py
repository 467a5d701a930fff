"""Score: the four matting errors, over images, classes and regions.

============  =============================================================================================
alpha         sad, mse, grad, conn; regions splits them by class in one pass; pair, gradient, connectivity,
              kernels and compiled are how they are computed
truth         what is scored against: a set, or folders (folders, class_table); predictions finds the mattes
evaluate      the command: scoring does one image, scores holds and saves them all
uncertainty   how sure the means are; bootstrap draws, intervals hands them to a summary
============  =============================================================================================
"""
