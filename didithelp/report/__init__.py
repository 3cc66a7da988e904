"""Writes a comparison or an ablation for people and programs; decides nothing.

Here belong the report's contents as a document, what turns a document into HTML,
LaTeX, Markdown and terminal text, and its figures. What is computed from the arms does
not, nor do the words: the report only tells and lays out.
"""
