"""Trains one recipe with one seed, and records what comes of it as a trial.

Nothing here knows where trials run (`lab.engines`) or where results are kept
(`lab.runs`). `trainer` and what it imports decide the weights of a trial and are part
of its key, so they import nothing else.
"""
