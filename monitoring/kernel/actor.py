"""The cause of an act."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """The cause of an act, as stored with it: a person or the system, by what way, from which address."""

    by: str = ""
    via: str = "evaluator"
    address: str = ""
