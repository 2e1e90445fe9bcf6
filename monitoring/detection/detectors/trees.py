"""Isolation trees as arrays: grown by scikit-learn, scored by numpy.

A call of scikit-learn's ``score_samples`` for one sample costs milliseconds; walking all trees at once as
arrays costs some 50 µs.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.kernel.arrays import FloatArray, IntArray
from monitoring.kernel.optional_packages import load

TREES = 50
SAMPLE = 256  # rows that a tree is grown of
EULER = 0.5772156649


@dataclass(frozen=True, slots=True)
class IsolationTrees:
    """All nodes of all trees, one after another, shape (nodes,); ``roots`` has shape (trees,).

    A row goes ``left`` if its ``feature`` is not above the ``split``; a leaf leads to itself. ``depth`` is
    the path length of a leaf: its depth, and the expected one of a tree of its rows. ``usual`` is the
    expected path length of a tree.
    """

    roots: IntArray
    left: IntArray
    right: IntArray
    feature: IntArray
    split: FloatArray
    depth: FloatArray
    deepest: int
    usual: float

    def path_length(self, row: FloatArray | NDArray[np.float32]) -> float:
        """Return the mean number of splits that isolate a row of features."""
        node = self.roots
        for _ in range(self.deepest):
            node = np.where(row[self.feature[node]] <= self.split[node], self.left[node], self.right[node])
        return float(self.depth[node].mean())

    def score(self, row: FloatArray | NDArray[np.float32]) -> float:
        """Return 2^(-path length / usual): 0.5 for usual rows, towards 1 for isolated ones."""
        return float(2.0 ** (-self.path_length(row) / self.usual))


def forest_class() -> Any:
    """Return scikit-learn's class of isolation forests.

    Raises:
        MissingPackageError: scikit-learn is not installed.
    """
    return load("sklearn.ensemble", package="scikit-learn").IsolationForest


def check_packages(detectors: Collection[str]) -> None:
    """Check that optional detectors have the package that they need.

    Raises:
        MissingPackageError: scikit-learn is not installed.
    """
    if detectors:
        forest_class()


def grow(rows: FloatArray, seed: int) -> IsolationTrees:
    """Return trees grown of rows of features, shape (n, features).

    Source: Liu, Ting and Zhou, Isolation Forest, ICDM 2008.

    Raises:
        MissingPackageError: scikit-learn is not installed.
    """
    forest = forest_class()
    size = min(SAMPLE, len(rows))
    # scikit-learn splits float32; the same values are compared here.
    fitted = forest(n_estimators=TREES, max_samples=size, random_state=seed).fit(rows.astype(np.float32))
    return as_arrays([each.tree_ for each in fitted.estimators_], size)


def as_arrays(trees: Sequence[Any], size: int) -> IsolationTrees:
    """Return scikit-learn's trees, each grown of ``size`` rows, as arrays."""
    counts = np.array([tree.node_count for tree in trees])
    roots = np.concatenate(([0], np.cumsum(counts)[:-1]))
    offset = np.repeat(roots, counts)
    left, right, feature, split, rows = (
        np.concatenate([getattr(tree, name) for tree in trees])
        for name in ("children_left", "children_right", "feature", "threshold", "n_node_samples")
    )
    is_leaf, own = left < 0, np.arange(len(left))
    left, right = np.where(is_leaf, own, left + offset), np.where(is_leaf, own, right + offset)
    level = levels(roots, left, right)
    return IsolationTrees(
        roots=roots,
        left=left,
        right=right,
        feature=np.where(is_leaf, 0, feature),
        split=split,
        depth=level + average_path(rows),
        deepest=int(level.max()),
        usual=float(average_path(np.array([size]))[0]),
    )


def levels(roots: IntArray, left: IntArray, right: IntArray) -> FloatArray:
    """Return the number of splits above each node, shape (nodes,)."""
    found, present, level = np.zeros(len(left)), roots, 0
    while len(present):
        found[present] = level
        inner = present[left[present] != present]
        present, level = np.concatenate((left[inner], right[inner])), level + 1
    return found


def average_path(rows: IntArray) -> FloatArray:
    """Return the mean path length c(n) of an unsuccessful search in a binary tree of n rows, shape (n,)."""
    more = np.maximum(rows - 1, 1)
    long = 2 * (np.log(more) + EULER) - 2 * more / np.maximum(rows, 1)
    return np.where(rows > 2, long, np.where(rows == 2, 1.0, 0.0))
