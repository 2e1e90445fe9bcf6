"""Text in files that spreadsheets open."""

from functools import lru_cache

# What makes a spreadsheet take a text for a formula, and run it.
ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@lru_cache(maxsize=1024)  # an export repeats its tags' names
def inert(text: str) -> str:
    """The text as a cell that stays one: an apostrophe before what would be a formula."""
    return f"'{text}" if text.startswith(ACTIVE) else text
