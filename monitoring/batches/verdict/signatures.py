"""What each cause does to the balances: signatures over rK rH rB rQ rF rW (structured residuals).

A signature has the change of the residuals a unit of the cause: log units, rW in g/min. The OUR of the gas
balance is in the denominator of the first five, so that an error of the O2 analyser moves all of them alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from monitoring.batches.verdict.causes import CAUSES


@dataclass(frozen=True, slots=True)
class Signature:
    """A cause, by its name in ``CAUSES``, with its changes of the balances.

    ``is_rise``: only a positive amount is possible. ``needs_feed``: only while the batch is fed.
    ``needs`` is a balance without which another cause would look alike: more feed changes RQ and OUR too.
    """

    cause: str
    changes: Mapping[str, float]
    is_rise: bool = False
    needs_feed: bool = False
    needs: str = ""

    @property
    def says(self) -> str:
        """Return the class of the cause."""
        return CAUSES[self.cause].says


SIGNATURES = (
    Signature("o2", {"rK": -1, "rH": -0.85, "rB": -0.13, "rQ": -1, "rF": -1, "rO": 1}, needs="rF"),
    Signature("co2", {"rQ": 1}, needs="rF"),
    Signature("do", {"rK": 1}),
    Signature("heat", {"rH": 1}),
    Signature("ph", {"rB": 1}),
    Signature("weight", {"rW": 1}),
    Signature("feed", {"rF": -1, "rW": 3}, needs_feed=True),
    Signature("culture", {"rB": 0.65, "rQ": 0.03, "rF": 1, "rO": 1}, is_rise=True),
)
