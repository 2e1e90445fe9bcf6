"""The contract's anomaly rule, said plainly: what the write path must agree with."""

import numpy as np


def by_the_rule(values: list[float], lower: float = 35, upper: float = 45) -> list[bool]:
    """Which of a tag's values are anomalies, reading by reading."""
    judged = []
    for place, value in enumerate(values):
        window = np.array(values[max(0, place - 50) : place])
        outside = False
        if len(window) >= 10 and window.std() >= 1e-6:
            outside = abs(value - window.mean()) > 3 * window.std()
        judged.append(bool(outside or not lower <= value <= upper))
    return judged


def kept_last(
    sent: list[tuple[int, float]],
) -> tuple[dict[int, float], list[str], list[tuple[int, float, float]]]:
    """Return what is stored of readings (second, value) that come one by one, of a tag that keeps the last.

    Beside that, what each is answered, and which values were replaced: second, old, new.
    """
    stored: dict[int, float] = {}
    answers, replaced = [], []
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
