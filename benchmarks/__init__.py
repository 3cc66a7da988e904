"""Measurements that people run by hand: of speed, of the verdict, of sturdiness.

No test here is timed, and nothing in the project imports this package.
"""
