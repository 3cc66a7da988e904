"""What a step has to do with its machine: processes, locks, cores, console, signals.

Nothing here knows what is computed, nor MLflow.
"""
