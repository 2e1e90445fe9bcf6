"""Limits of a request that the server and the API share."""

MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_ITEMS = 10_000  # readings in a batch
