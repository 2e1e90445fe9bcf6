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
