"""What pages share.

==========  ================================================================================================
render      the one loader of templates, which escape what they show, and the one script that may run
thumbnails  pictures small enough to stand inside a page
==========  ================================================================================================

``templates/parts.html.j2`` holds the macros that pages share, ``page.html.j2`` head, style and script.
"""
