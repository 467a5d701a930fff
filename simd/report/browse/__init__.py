"""Browse: failures as samples of a FiftyOne dataset, or as a page that needs nothing else.

============  =============================================================================================
methods       which scores and mattes are shown, checked against the set
maps          masks and errors as 8-bit PNG files, made once for equal inputs
database      FiftyOne and its MongoDB, ready to use; mongod makes the server run, and starts private ones
fields        the values of a sample, and what each field is
dataset       the persistent dataset, made or updated in place; views and looks save what a user starts
              from; points are for the embeddings panel and for similarity
pull          the tags of the App as a review
gallery       the page: cards chooses and cuts out the pictures
============  =============================================================================================
"""
