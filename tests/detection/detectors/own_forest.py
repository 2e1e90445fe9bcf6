"""An isolation forest in place of scikit-learn's, which tests do not need: same attributes and method."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from monitoring.detection.detectors import trees
from monitoring.kernel.optional_packages import load


@dataclass
class OwnTree:
    """The nodes of one tree."""

    children_left: list[int] = field(default_factory=list)
    children_right: list[int] = field(default_factory=list)
    feature: list[int] = field(default_factory=list)
    threshold: list[float] = field(default_factory=list)
    n_node_samples: list[int] = field(default_factory=list)

    @property
    def node_count(self) -> int:
        return len(self.feature)

    def grow(self, rows: np.ndarray, depth: int, random: np.random.Generator) -> int:
        """Add the node of these rows and all below; return its index."""
        node = self.node_count
        columns: tuple[tuple[list[Any], float], ...] = (
            (self.children_left, -1),
            (self.children_right, -1),
            (self.feature, -2),
            (self.threshold, -2.0),
            (self.n_node_samples, len(rows)),
        )
        for column, value in columns:
            column.append(value)
        moving = np.flatnonzero(np.ptp(rows, axis=0)) if len(rows) > 1 else ()
        if depth and len(moving):
            by = int(random.choice(moving))
            split = random.uniform(rows[:, by].min(), rows[:, by].max())
            is_left = rows[:, by] <= split
            self.feature[node], self.threshold[node] = by, float(split)
            self.children_left[node] = self.grow(rows[is_left], depth - 1, random)
            self.children_right[node] = self.grow(rows[~is_left], depth - 1, random)
        return node


class OwnForest:
    """As ``sklearn.ensemble.IsolationForest``, as far as it is used."""

    def __init__(self, *, n_estimators: int, max_samples: int, random_state: int) -> None:
        self.number, self.size = n_estimators, max_samples
        self.random = np.random.default_rng(random_state)
        self.estimators_: list[SimpleNamespace] = []

    def fit(self, rows: np.ndarray) -> "OwnForest":
        for _ in range(self.number):
            tree = OwnTree()
            chosen = self.random.choice(len(rows), self.size, replace=False)
            tree.grow(rows[chosen], int(np.ceil(np.log2(self.size))), self.random)
            self.estimators_.append(SimpleNamespace(tree_=tree))
        return self


@pytest.fixture
def own_forest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The own forest in place of scikit-learn's."""
    monkeypatch.setattr(trees, "forest_class", lambda: OwnForest)


@pytest.fixture
def without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the package is not installed."""
    monkeypatch.setattr(trees, "load", lambda module, package: load("no_such_module", package=package))
