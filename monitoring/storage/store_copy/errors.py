"""What keeps a store from being copied."""


class StoreCopyError(Exception):
    """The copy is not complete; the message says why, and what to do."""
