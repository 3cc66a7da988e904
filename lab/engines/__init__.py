"""Runs trials: the protocol of an engine, and the engine of worker processes.

An engine takes jobs and reports each epoch and each trial. How a trial is trained is in
`lab.training`; what happens to it afterwards is for whoever asked for it to decide.
"""
