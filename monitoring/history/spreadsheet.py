"""Escape texts in files that spreadsheets open."""

from functools import lru_cache

# A spreadsheet evaluates a text with one of these first characters as a formula.
ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@lru_cache(maxsize=1024)  # an export repeats the names of tags
def inert(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would evaluate as a formula."""
    return f"'{text}" if text.startswith(ACTIVE) else text
