"""Pipelines: each runs several steps in their order, and reads like a table of contents.

What a step does is in `steps`; a pipeline only says which steps run, with what, and
what is handed on: artifact URIs, never paths.
"""
