"""Exempt the loaded program from garbage collection."""

import gc

from django.urls import get_resolver


def freeze_loaded() -> None:
    """Load all views, and exempt all objects of now from garbage collection.

    Batches make thousands of objects, so full collections are frequent, and each visits all objects of the
    program, some hundred thousand that live as long as the process: a tenth of the time of a batch.
    """
    _ = get_resolver().url_patterns
    gc.collect()
    gc.freeze()
