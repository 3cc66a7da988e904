"""Training one recipe with one seed: recipe, model, update rule, and the record of it.

Nothing here knows where trials run (`lab.engines`) or where results are kept
(`lab.runs`). `trainer` and what it imports decide the weights, and are part of every
trial's key; so they import nothing else.
"""
