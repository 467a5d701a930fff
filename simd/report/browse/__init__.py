"""Browse: failures as samples of a FiftyOne dataset, or as a page that needs nothing else.

================  ==========================================================================================
open              the command: from a set, scores and mattes to the App; pull brings its tags back as a
                  review
methods           which scores and mattes are shown, checked against the set
error_maps        masks and errors as 8-bit PNG files, made once for equal inputs
database          FiftyOne and its MongoDB, ready to use
fields            what each field of a sample is, and its values
dataset           the persistent dataset, made or updated in place
embeddings_panel  points for the panel, and descriptors for similarity
views             saved views, colours, sidebar and workspace
gallery           the page without a server; failures chooses them and cuts out their pictures
================  ==========================================================================================
"""
