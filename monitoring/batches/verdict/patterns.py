"""Compare the changes of the balances with the signatures of causes.

For a signature v and changes d with covariance Σ: amount a = v'Σ⁻¹d / v'Σ⁻¹v and misfit
χ² = (d - av)'Σ⁻¹(d - av). A cause is accepted if it explains most (χ²₀ - χ² > 12, > 2χ²; χ²₀ = d'Σ⁻¹d), and
if the best cause of the other class is worse by more than 6: that margin is the evidence. Likelihood ratio of
structured residuals: Gertler 1998, Fault Detection and Diagnosis in Engineering Systems.
"""

from dataclasses import dataclass

import numpy as np

from monitoring.batches.verdict.case import Case
from monitoring.batches.verdict.signatures import SIGNATURES
from monitoring.batches.watch.balances import GROWTH, WAYS
from monitoring.batches.watch.residuals import BALANCES
from monitoring.kernel.arrays import BoolArray, FloatArray, IntArray

GAIN, GAIN_PER_MISFIT, MARGIN = 12.0, 2.0, 6.0
MOST = 2999.0  # below all direct checks
IS_RISE = np.array([[each.is_rise] for each in SIGNATURES])
NEEDS_FEED = np.array([[each.needs_feed] for each in SIGNATURES])
CHANGES = {name: [each.changes.get(name, 0.0) for each in SIGNATURES] for name in (*BALANCES, GROWTH)}
SAYS = np.array([each.says for each in SIGNATURES])


@dataclass(frozen=True)
class Patterns:
    """The best cause of each minute of the window, all of shape (m,).

    ``evidence`` is 0 where none is accepted; ``signature`` is the place of the cause in ``SIGNATURES``, and
    ``amount`` its amount.
    """

    evidence: FloatArray
    signature: IntArray
    amount: FloatArray


@dataclass(frozen=True)
class Fit:
    """Misfit and amount of each signature, shape (signatures, m), infinite where impossible.

    ``without`` is the misfit of no cause, shape (m,).
    """

    misfit: FloatArray
    amount: FloatArray
    without: FloatArray


def best_patterns(case: Case) -> Patterns:
    """Return the best cause of each minute, by the way of comparing with the strongest evidence."""
    vectors = vectors_of(case)
    found = [accepted(fit_signatures(case, way, vectors)) for way in WAYS]
    strongest = np.argmax([each.evidence for each in found], axis=0)
    minute = np.arange(len(strongest))
    return Patterns(
        np.stack([each.evidence for each in found])[strongest, minute],
        np.stack([each.signature for each in found])[strongest, minute],
        np.stack([each.amount for each in found])[strongest, minute],
    )


def fit_signatures(case: Case, way: str, vectors: FloatArray) -> Fit:
    """Fit all signatures (signatures, k, m) to the balances, taken one way, in the minutes of the window."""
    spread, known = case.model.balances, case.known_balances
    sd = spread.sd[way][known[:, None], case.bins[case.window]]
    changes = case.changes[way][known, case.window] / sd
    is_usable = np.isfinite(changes).all(axis=0)
    changes = np.where(is_usable, changes, 0.0)
    precision = np.linalg.inv(spread.correlation[way][known[:, None], known])
    weighted = precision @ changes
    scaled = vectors / sd
    size = (scaled * (precision @ scaled)).sum(axis=1)
    is_seen = size > 0
    amount = (scaled * weighted).sum(axis=1) / np.where(is_seen, size, 1.0)
    without = (changes * weighted).sum(axis=0)
    is_possible = is_seen & possible(case) & ~(IS_RISE & (amount < 0))
    return Fit(np.where(is_possible, without - amount**2 * size, np.inf), amount, without)


def vectors_of(case: Case) -> FloatArray:
    """Return the signatures over the known balances in each minute of the window, (signatures, k, m).

    Carbon fed says nothing without feed, and the growth rate nothing while the feed limits it.
    """
    is_fed = case.is_fed[case.window]
    always = np.ones_like(is_fed)
    names = [case.model.balances.names[row] for row in case.known_balances]
    meant = [is_fed if name == "rF" else ~is_fed if name == GROWTH else always for name in names]
    columns = [CHANGES[name] for name in names]
    return np.array(columns).T.reshape(len(SIGNATURES), -1, 1) * np.array(meant).reshape(-1, len(is_fed))


def possible(case: Case) -> BoolArray:
    """Return in which minutes of the window each cause can be told, shape (signatures, m)."""
    known = {"", *(case.model.balances.names[row] for row in case.known_balances)}
    is_known = np.array([[each.needs in known] for each in SIGNATURES])
    found: BoolArray = is_known & (~NEEDS_FEED | case.is_fed[case.window])
    return found


def accepted(fit: Fit) -> Patterns:
    """Return the accepted causes."""
    best = fit.misfit.argmin(axis=0)
    minute = np.arange(fit.misfit.shape[1])
    misfit = fit.misfit[best, minute]
    margin = np.minimum(misfit_of_others(fit.misfit, best), fit.without) - misfit
    gain = fit.without - misfit
    is_accepted = (gain > GAIN) & (gain > GAIN_PER_MISFIT * misfit) & (margin > MARGIN)
    evidence = np.where(is_accepted, np.minimum(margin, MOST), 0.0)
    return Patterns(evidence, best, fit.amount[best, minute])


def misfit_of_others(misfit: FloatArray, best: IntArray) -> FloatArray:
    """Return the least misfit of the causes of the other class than the best one's, shape (m,)."""
    is_other = SAYS[:, None] != SAYS[best]
    found: FloatArray = np.where(is_other, misfit, np.inf).min(axis=0)
    return found
