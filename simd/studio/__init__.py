"""Web pages to work with by hand: tag the regions of foregrounds.

Read in the order of the work: work (one foreground being tagged), folder (its annotation on disk), tagging
(all foregrounds), server (what the page asks for), guard (who may ask), run (the server), page/ (the page).
"""
