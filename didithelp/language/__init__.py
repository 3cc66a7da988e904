"""Puts an answer into words: the texts of both languages, and sentences of them.

Here belongs what `comparison.json` or `ablation.json` and its report say alike. It
decides nothing, and knows no page, no LaTeX and no terminal.
"""
