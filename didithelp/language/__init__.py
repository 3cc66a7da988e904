"""Puts a comparison into words: the texts of both languages, and sentences of them.

Here belongs what `comparison.json` and the report say alike. It decides nothing, and
knows no page, no LaTeX and no terminal.
"""
