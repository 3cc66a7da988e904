"""The steps that `MLproject` names, each an entry point of its own.

Each module says what its step reads and leaves, declares its parameters and puts
together what `lab` and `didithelp` do. Nothing is computed here. Two are no steps:
`arms` is what the steps that train share, `verdicts` what those that answer share.
"""
