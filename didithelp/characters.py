"""Which characters of users' names are shown as they are."""

from __future__ import annotations

import re
import unicodedata

# Marks and controls that change the direction of what follows them.
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f]")
# Emoji have a block of their own, which grows faster than Python's tables.
_EMOJI = re.compile("[\U0001f000-\U0001faff]")
# Spaces, what joins or tags letters, and what fonts define themselves.
_ORDINARY = ("Zs", "Cf", "Co")


def is_harmless(character: str) -> bool:
    """Whether a character stays on its line and steers neither terminal nor direction.

    Ordinary names hold more than Python calls printable: spaces that do not break,
    zero-width joiners, and emoji that are newer than Python.
    """
    if character.isprintable() or _EMOJI.match(character):
        return True
    is_ordinary = unicodedata.category(character) in _ORDINARY
    return is_ordinary and not _DIRECTIONS.match(character)


def is_name(text: str) -> bool:
    """Whether a text is one line of harmless characters, some of which can be seen."""
    is_visible = any(unicodedata.category(c) not in ("Zs", "Cf") for c in text)
    return is_visible and all(map(is_harmless, text))
