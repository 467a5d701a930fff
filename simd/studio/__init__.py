"""Touch: web pages to work with by hand.

=================  =========================================================================================
tagging/           the regions of foregrounds, tagged
cutout/            subjects of photographs, cut out
answers, refusals  what every page's server shares; guard says who may ask
serve              the server
page/              what runs in the browser
=================  =========================================================================================
"""
