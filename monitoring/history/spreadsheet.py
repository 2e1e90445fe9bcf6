"""Texts in files that spreadsheets open."""

from functools import lru_cache

# What makes a spreadsheet take a text for a formula, and run it.
ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@lru_cache(maxsize=1024)  # an export repeats its tags' names
def inert(text: str) -> str:
    """Escape a text that a spreadsheet would read as a formula, by an apostrophe."""
    return f"'{text}" if text.startswith(ACTIVE) else text
