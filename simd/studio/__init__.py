"""Touch: web pages to work with by hand.

========  ==================================================================================================
tagging/  the regions of foregrounds, tagged
app       what the pages ask for; guard says who may ask
serve     the server
page/     what runs in the browser
========  ==================================================================================================
"""
