"""The page for cutting out, and the same without a page.

===========  ===============================================================================================
selecting    a box, a rough stroke or nothing to a trimap
steps        what a person does, as records
solving      the matting problem while its trimap is drawn
work         one picture being cut out; matte cleans up and finds the subject's colours
first_answer what a cut-out begins with; boxes reads a file of them
record       what is kept of a cut-out beside its pictures
folder       cut-outs on disk: whole or not at all
history      the way back and forth on disk: undo outlives memory and server
uploads      bytes that somebody sends as a picture
session      all pictures; saving writes what was drawn behind the page's back
app          what the page asks for
simulate     a person who cuts out, to measure the others
one_picture  `simd.cutout`; batch is `simd cutout --auto`
===========  ===============================================================================================
"""
