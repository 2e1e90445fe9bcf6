"""Expected figures of Watch, and their table in docs/batches.md."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from monitoring.batches.watch.expected import MEASURED, expected_false_alarms, expected_found

ROW = re.compile(r"^\| (\d+) \| ([\d.]+) % \| ([\d.]+) min \| ([\d.]+) \|$", re.MULTILINE)


def test_docs_show_the_same_figures() -> None:
    text = (Path(settings.BASE_DIR) / "docs/batches.md").read_text(encoding="utf-8")
    shown = {int(row[0]): tuple(float(cell) for cell in row[1:]) for row in ROW.findall(text)}
    assert shown == {
        members: (100 * each.found, each.median_minutes, each.false_alarms)
        for members, each in MEASURED.items()
    }


@pytest.mark.parametrize("members", MEASURED)
def test_measured_numbers_have_their_own_figures(members: int) -> None:
    assert expected_found(members) == MEASURED[members].found
    assert expected_false_alarms(members) == MEASURED[members].false_alarms


def test_figures_between_measured_numbers_are_interpolated() -> None:
    assert expected_found(4) == pytest.approx((MEASURED[3].found + MEASURED[5].found) / 2)


def test_beyond_the_measured_numbers_the_nearest_counts() -> None:
    most = max(MEASURED)
    assert expected_false_alarms(most + 20) == MEASURED[most].false_alarms


def test_a_profile_has_a_golden_batch() -> None:
    with pytest.raises(ValueError, match="not 0"):
        expected_found(0)
