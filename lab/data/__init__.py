"""Data sets to train on: what they are, where they come from, how they are split.

A name, a path or a URL is read (`sources`, `download`, `folders`, `idx`, `spellings`),
checked (`checks`), split (`split`), looked through for oddities (`findings`) and kept
as a folder of arrays (`dataset`); `prepare` puts it together.
Nothing here knows what is trained on them. The formats that arms share, `dataset.json`
and `.npz`, are in `didithelp`.
"""
