"""The page for tagging.

============  ==============================================================================================
app           what the page asks for
session       all foregrounds of a source
mask_editing  one foreground being tagged
folder        its annotation on disk
============  ==============================================================================================
"""
