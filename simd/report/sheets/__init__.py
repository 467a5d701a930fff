"""Pictures of many foregrounds and scenes.

========  ==================================================================================================
taxonomy  the 20 classes as a list, and a sheet written to a file
classes   generated foregrounds of every class
scenes    generated backgrounds
overview  one set in a picture: foregrounds, alphas, class masks, composites
========  ==================================================================================================
"""
