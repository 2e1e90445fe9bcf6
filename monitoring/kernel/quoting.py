"""Rejected input as quoted in error messages."""

SHOWN_CHARACTERS = 80


def shown(value: object) -> str:
    """Return a rejected value for a message: short, and encodable whatever the input."""
    try:
        text = ascii(value)
    except RecursionError:
        text = "something nested too deeply"
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."
