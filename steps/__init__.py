"""The steps that `MLproject` names: what each reads, takes and leaves, a screenful each.

A step puts together what `lab` and `didithelp` do; it computes nothing itself.
"""
