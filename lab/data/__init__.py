"""Data sets to train on: what they are, where they come from, how they are split.

From a name, a path or a URL to checked arrays in a folder. Nothing here knows what is
trained on them; formats that arms are stored in too are at home in `didithelp`.
"""
