"""How wide a text for a terminal is, for whoever prints one and needs no report."""

TERMINAL_WIDTH = 80  # columns that a terminal can be expected to have
