"""Errors of acts on vessels and batches. Each message names the remedy."""


class UnknownBatchError(LookupError):
    """No vessel, batch, recipe, sample or profile has this name or id."""


class BatchInputError(ValueError):
    """An invalid field; ``field`` names it, ``part`` the entry of its JSON object (empty: all of it)."""

    def __init__(self, message: str, field: str, part: str = "") -> None:
        super().__init__(message)
        self.field, self.part = field, part


class BatchConflictError(Exception):
    """The act does not fit the stored state: an overlap, a used name, a batch that has changed or ended."""


REFUSALS = (BatchInputError, BatchConflictError, UnknownBatchError)
