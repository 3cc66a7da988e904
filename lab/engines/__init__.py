"""What runs trials: a protocol, and the processes of this machine behind it.

An engine takes jobs and hands back what becomes of them. How to train is a matter of
`lab.training`, and what to do with a trial of whoever asked for it.
"""
