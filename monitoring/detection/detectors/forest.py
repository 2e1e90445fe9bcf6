"""Isolation forest: a block of readings unlike the blocks before, in four features at once. Optional."""

import logging
from array import array
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.detection.detectors import trees
from monitoring.detection.detectors.forecaster import BLOCK, DAY, Forecaster, Refit
from monitoring.detection.detectors.trees import IsolationTrees
from monitoring.kernel.number_format import Words
from monitoring.kernel.optional_packages import MissingPackageError
from monitoring.kernel.state import Stateful

FEATURES = 4
MEMORY = 512  # blocks that a forest is grown of
LAG = 112  # blocks, 15 min at 1 Hz: a slow fault must not teach the forest that is to find it
FEWEST = 256 - LAG  # blocks before the first forest
REFIT_EVERY = 256  # blocks
BACK = 8  # blocks of the longer change
USUAL = 0.5  # score of rows like those of the past
FADE = 0.5 ** (BLOCK / (2 * DAY))  # a block

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Forest(Stateful):
    """Isolation score of the last block of 8 readings, above 0.5, over a limit.

    Features: mean of the block less harmonics, its change from the block before and from 8 blocks before, and
    log(1 + sum of squared residuals in σ²). The limit is ``threshold``, or ``margin`` times the peak, which
    fades by half in two days. Blocks enter forest and peak after 15 min at 1 Hz. The forest is grown anew
    every 256 blocks, deterministically of the rows in ``grown_of``, so that a restart grows the same one.

    Grace: 256 blocks. Source: Liu, Ting and Zhou (2008).
    """

    threshold: float = 0.24
    margin: float = 1.1
    rows: "array[float]" = field(default_factory=lambda: array("f"), init=False)
    grown_of: "array[float]" = field(default_factory=lambda: array("f"), init=False)
    means: "deque[float]" = field(default_factory=lambda: deque(maxlen=BACK), init=False)
    scores: "deque[float]" = field(default_factory=lambda: deque(maxlen=LAG), init=False)
    count: int = field(default=0, init=False)
    growth: int = field(default=0, init=False)  # number of the present forest, 0 before the first
    peak: float = field(default=0.0, init=False)
    grown: IsolationTrees | None = field(default=None, init=False)
    present: NDArray[np.float32] | None = field(default=None, init=False)
    excess: float = field(default=0.0, init=False)

    STATE = ("rows", "grown_of", "means", "scores", "count", "growth", "peak")

    def score(self, forecaster: Forecaster) -> float:
        """See ``Detector.score``."""
        self.present, self.excess = None, 0.0
        if not forecaster.has_block:
            return 0.0
        if forecaster.is_reset or len(self.means) < BACK:
            return 0.0
        mean = forecaster.block_rest
        features = (mean, mean - self.means[-1], mean - self.means[0], np.log1p(forecaster.squares))
        row = self.present = np.array(features, np.float32)
        forest = self.forest()
        if forest is None:
            return 0.0
        self.excess = max(0.0, forest.score(row) - USUAL)
        return self.excess / max(self.threshold, self.margin * self.peak)

    def forest(self) -> IsolationTrees | None:
        """Return the present forest, grown again after a restart; None before the first one."""
        if self.grown is None and self.growth:
            rows = np.array(self.grown_of).reshape(-1, FEATURES)
            try:
                self.grown = trees.grow(rows, self.growth)
            except MissingPackageError as error:
                logger.warning("isolation forest left out", extra={"reason": str(error)})
                self.growth = 0  # until the next growth is due
        return self.grown

    def learn(self, forecaster: Forecaster) -> None:
        """See ``Detector.learn``."""
        if not forecaster.has_block:
            return
        self.means.append(forecaster.block_rest)
        if self.present is None:
            return
        self.count += 1
        self.peak *= FADE
        if len(self.scores) == LAG:
            self.peak = max(self.peak, self.scores[0])
        self.scores.append(self.excess)
        self.rows.extend(self.present.tolist())
        del self.rows[: -FEATURES * (MEMORY + LAG)]
        known = len(self.rows) // FEATURES - LAG
        if known >= FEWEST and (self.count - FEWEST - LAG) % REFIT_EVERY == 0:
            self.grown_of = self.rows[: FEATURES * known]
            self.growth, self.grown = self.growth + 1, None

    def to_go(self, forecaster: Forecaster) -> int:
        """See ``Detector.to_go``."""
        return BLOCK * max(0, FEWEST + LAG - self.count)

    def adjust(self, refit: Refit) -> None:
        """Shift the block means, which are less the harmonics."""
        self.means = deque((mean + refit.shift for mean in self.means), BACK)

    def explain(self, forecaster: Forecaster, words: Words) -> tuple[str, str]:
        """See ``Detector.explain``."""
        splits = self.grown.path_length(self.present) if self.grown and self.present is not None else 0.0
        usual = self.grown.usual if self.grown else 0.0
        return (
            "unlike before",
            f"{words.name}: level, change and scatter of the last {BLOCK} readings are together unlike"
            f" before (isolated by {splits:.1f} random splits, usual are {usual:.1f})",
        )

    def restore(self, state: list[Any]) -> None:
        """See ``Stateful.restore``."""
        Stateful.restore(self, state)
        self.grown = None
