"""The isolation forest as an optional detector: off, on, without its package, after a restart."""

import logging

import numpy as np
import pytest

from monitoring.detection.detectors import trees
from monitoring.detection.detectors.forest import FEWEST, LAG, Forest
from monitoring.detection.detectors.settings import DETECTORS, DetectionSettings, SettingError
from monitoring.detection.monitor import TagMonitor
from monitoring.kernel.incident_event import Event
from monitoring.kernel.optional_packages import MissingPackageError
from tests.detection.detectors.own_forest import OwnForest, own_forest, without_scikit_learn

__all__ = ["own_forest", "without_scikit_learn"]
ON = DetectionSettings(on=frozenset({"forest"}))
# The own forest's scores reach less far than those of scikit-learn's.
ALONE = DetectionSettings(
    off=frozenset(DETECTORS) - {"forest"},
    on=ON.on,
    parameters={"forest.threshold": 0.2, "forest.margin": 1.05},
)
LEARNED = 8 * (FEWEST + LAG) + 400  # readings
SECOND_US = 1_000_000


def noise(length: int) -> np.ndarray:
    """White noise around 37, at a sensor's resolution."""
    return np.round(37 + 0.1 * np.random.default_rng(7).standard_normal(length), 3)


def feed(monitor: TagMonitor, values: np.ndarray, first: int = 0) -> list[Event]:
    times = [(first + index) * SECOND_US for index in range(len(values))]
    return monitor.update(times, values.tolist())


def forest_of(monitor: TagMonitor) -> Forest:
    assert monitor.bank.forest is not None
    return monitor.bank.forest


def path_in(tree: object, row: np.ndarray) -> float:
    """The path length of a row in one tree, node by node."""
    node, depth = 0, 0
    while tree.children_left[node] >= 0:  # type: ignore[attr-defined]
        goes_left = row[tree.feature[node]] <= tree.threshold[node]  # type: ignore[attr-defined]
        node = (tree.children_left if goes_left else tree.children_right)[node]  # type: ignore[attr-defined]
        depth += 1
    return depth + float(trees.average_path(np.array([tree.n_node_samples[node]]))[0])  # type: ignore[attr-defined]


def test_the_path_in_arrays_is_the_mean_of_the_paths_in_the_trees() -> None:
    rows = np.random.default_rng(1).standard_normal((300, 4))
    grown = [
        each.tree_ for each in OwnForest(n_estimators=7, max_samples=64, random_state=1).fit(rows).estimators_
    ]
    arrays = trees.as_arrays(grown, 64)
    for row in rows[:10]:
        assert arrays.path_length(row) == pytest.approx(np.mean([path_in(tree, row) for tree in grown]))


@pytest.mark.usefixtures("own_forest")
def test_a_far_row_is_isolated_by_fewer_splits() -> None:
    rows = np.random.default_rng(1).standard_normal((400, 4))
    grown = trees.grow(rows, seed=1)
    assert grown.usual == pytest.approx(10.24, abs=0.01), "c(256) of the paper"
    assert grown.score(np.full(4, 6.0)) > 0.7 > 0.55 > grown.score(np.zeros(4))


def test_the_mean_path_of_few_rows() -> None:
    assert trees.average_path(np.array([1, 2, 3])).tolist() == pytest.approx([0, 1, 1.2074], abs=1e-3)


def test_off_by_default_it_costs_nothing_and_is_no_part_of_the_state() -> None:
    usual, on = TagMonitor("broth"), TagMonitor("broth", settings=ON)
    assert usual.bank.forest is None
    assert "forest" not in dict(usual.bank.all_of_them)
    assert "forest" in dict(on.bank.all_of_them)
    assert len(on.bank.state()) == len(usual.bank.state()) + 1
    assert TagMonitor("state", settings=DetectionSettings(kind="discrete", on=ON.on)).bank.forest is None
    with pytest.raises(SettingError, match="'spike' is no optional detector; expected one of forest"):
        DetectionSettings(on=frozenset({"spike"}))


@pytest.mark.usefixtures("own_forest")
def test_it_finds_scatter_and_level_that_it_has_not_seen() -> None:
    values = noise(LEARNED + 600)
    values[LEARNED:] += np.where(np.arange(600) % 2, 0.6, -0.3)
    monitor = TagMonitor("broth", settings=ALONE)
    assert feed(monitor, values[:LEARNED]) == []
    (event, *_) = feed(monitor, values[LEARNED:], LEARNED)
    assert (event.detector, event.kind) == ("forest", "unlike before")
    assert (
        "broth: level, change and scatter of the last 8 readings are together unlike before"
        in event.explanation
    )
    assert event.start_us < (LEARNED + 60) * SECOND_US


@pytest.mark.usefixtures("own_forest")
def test_after_a_restart_it_goes_on_as_if_uninterrupted() -> None:
    values = noise(LEARNED + 3_000)
    values[LEARNED + 1_500 :: 3] += 0.7
    whole, before = TagMonitor("broth", settings=ALONE), TagMonitor("broth", settings=ALONE)
    feed(whole, values[:LEARNED])
    feed(before, values[:LEARNED])
    after = TagMonitor("broth", settings=ALONE)
    after.restore(before.dump())
    assert forest_of(after).grown is None
    assert feed(after, values[LEARNED:], LEARNED) == feed(whole, values[LEARNED:], LEARNED) != []
    assert forest_of(after).state() == forest_of(whole).state()


@pytest.mark.usefixtures("own_forest")
def test_switched_on_it_learns_anew_and_switched_off_it_is_dropped() -> None:
    usual, on = TagMonitor("broth"), TagMonitor("broth", settings=ON)
    feed(usual, noise(500))
    feed(on, noise(500))
    switched_on, switched_off = TagMonitor("broth", settings=ON), TagMonitor("broth")
    switched_on.restore(usual.dump())
    assert forest_of(switched_on).count == 0
    assert switched_on.to_go >= 8 * (FEWEST + LAG)
    switched_off.restore(on.dump())
    assert switched_off.dump() == usual.dump()


@pytest.mark.usefixtures("without_scikit_learn")
def test_without_its_package_it_finds_nothing_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(MissingPackageError, match=r"pip install -r requirements-ml\.txt"):
        trees.grow(np.zeros((9, 4)), seed=1)
    monitor = TagMonitor("broth", settings=ALONE)
    with caplog.at_level(logging.WARNING):
        assert feed(monitor, noise(LEARNED + 800)) == []
    assert [record.message for record in caplog.records] == ["isolation forest left out"]
