"""The page for tagging.

============  ==============================================================================================
session       all foregrounds of a source
mask_editing  one foreground being tagged
folder        its annotation on disk
============  ==============================================================================================
"""
