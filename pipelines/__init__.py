"""Runs several steps in one go; each module reads like a table of contents.

A pipeline launches steps and hands on the URIs of what they leave; it computes nothing.
`request` is no pipeline: it is how all of them read what a person asks.
"""
