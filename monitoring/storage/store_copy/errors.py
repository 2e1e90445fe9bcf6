"""Errors of the copy."""


class StoreCopyError(Exception):
    """The copy is incomplete; the message gives the reason and the remedy."""
