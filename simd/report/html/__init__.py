"""What pages share.

==========  ================================================================================================
frame       head, style, the one script that may run, and the list of classes
thumbnails  pictures small enough to stand inside a page
==========  ================================================================================================
"""
