"""The contract's anomaly rule in plain words: the write path must agree with it."""

import numpy as np


def by_the_rule(values: list[float], lower: float = 35, upper: float = 45) -> list[bool]:
    """Tell which of a tag's values are anomalies, reading by reading."""
    return [
        is_outside(values[max(0, place - 50) : place], value) or not lower <= value <= upper
        for place, value in enumerate(values)
    ]


def is_outside(before: list[float], value: float) -> bool:
    """Apply mean ± 3σ of the up to 50 values before; those of a constant window are the only normal ones."""
    if len(before) < 10:
        return False
    window = np.array(before)
    mean, sigma, largest = window.mean(), window.std(), np.abs(window).max()
    if largest == 0 or sigma < 1e-9 * largest:
        return not min(before) <= value <= max(before)
    return bool(value < mean - 3 * sigma or value > mean + 3 * sigma)


def kept_last(
    sent: list[tuple[int, float]],
) -> tuple[dict[int, float], list[str], list[tuple[int, float, float]]]:
    """Return what is stored of readings (second, value) that come one by one, of a tag that keeps the last.

    Beside that, what each is answered, and which values were replaced: second, old, new.
    """
    stored: dict[int, float] = {}
    answers, replaced = list[str](), list[tuple[int, float, float]]()
    for second, value in sent:
        if second not in stored:
            answers.append("success")
            stored[second] = value
        elif value == stored[second] or value in [old for at, old, _ in replaced if at == second]:
            answers.append("duplicate")
        else:
            answers.append("replaced")
            replaced.append((second, stored[second], value))
            stored[second] = value
    return stored, answers, replaced
