"""A document as one HTML page: the templates, their style sheet and what fills them.

What the page says does not belong here: it comes in the document.
"""
