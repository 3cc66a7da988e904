"""Keeps what steps do in MLflow's store; no other wing knows MLflow.

Here is what opens, fills, finds again and ends runs, and what starts steps as runs of
their own. What a step computes is not here, nor what a comparison concludes. Our own
words leave this package, never an object of MLflow's. Only `environment`, `keys`,
`launch`, `locations`, `plan` and `store` can be imported before MLflow, which takes
seconds to load; whoever imports the others calls `environment.prepare` first.
"""
