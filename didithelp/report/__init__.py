"""Writes a comparison for people and programs; decides nothing.

Here belong the report's contents as a document, what turns a document into HTML,
LaTeX, Markdown and terminal text, its figures, and its words in every language
(`texts/`). What is computed from the arms does not: the report only tells it.
"""
