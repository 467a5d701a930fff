"""The metrics that circulate beside the reference, for `simd court`: what each departs in, and what it gives.

===========  ===============================================================================================
recipes      the departures in words, and each port's metrics as lists of them
measure      one image measured by a recipe: what is done to the mattes, then the metric
gradients    the gradients that ports compare in place of the reference's
components   the components that ports take for connected, and what they sum of them
images       images measured by all recipes, in processes, so that an interrupted run goes on
court        a folder of predictions, by every recipe, beside ours
claims       a claimed figure, and which of the recipes give it
===========  ===============================================================================================
"""
