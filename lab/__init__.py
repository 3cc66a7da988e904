"""Trains recipes and keeps what they leave: data sets, trials, models, runs.

What judges arms is in `didithelp`, which knows nothing of this package; what a user can
start is in `steps` and `pipelines`. Importing the package changes nothing.
"""
