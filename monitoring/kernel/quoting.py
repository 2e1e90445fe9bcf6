"""Rejected input as an error message quotes it."""

SHOWN_CHARACTERS = 80


def shown(value: object) -> str:
    """A refused value as a message may carry it: short, and encodable whatever was sent."""
    try:
        text = ascii(value)
    except RecursionError:
        text = "something nested too deeply"
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."
