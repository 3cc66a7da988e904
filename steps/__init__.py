"""The steps that `MLproject` names: what each reads, takes and leaves.

A step puts together what `lab` and `didithelp` do; it computes nothing itself.
"""
