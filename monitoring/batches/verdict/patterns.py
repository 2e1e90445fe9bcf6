"""Compare the changes of the balances with the signatures of causes.

For a signature v and changes d with covariance Σ: amount a = v'Σ⁻¹d / v'Σ⁻¹v and misfit
χ² = (d - av)'Σ⁻¹(d - av). A cause is accepted if it explains most (χ²₀ - χ² > 12, > 2χ²; χ²₀ = d'Σ⁻¹d), and
if the best cause of the other class is worse by more than 6: that margin is the evidence. Likelihood ratio of
structured residuals: Gertler 1998, Fault Detection and Diagnosis in Engineering Systems.
"""

from dataclasses import dataclass

import numpy as np

from monitoring.batches.verdict.case import Case
from monitoring.batches.verdict.signatures import SIGNATURES, Signature
from monitoring.batches.watch.balances import CHANGES
from monitoring.kernel.arrays import BoolArray, FloatArray, IntArray

GAIN, GAIN_PER_MISFIT, MARGIN = 12.0, 2.0, 6.0
MOST = 2999.0  # below all direct checks


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
    """Return the best cause of each minute by the stronger of both families."""
    fits = [accepted(fit_signatures(case, family)) for family in CHANGES]
    first, second = fits
    is_second = second.evidence > first.evidence
    return Patterns(
        *(
            np.where(is_second, getattr(second, name), getattr(first, name))
            for name in ("evidence", "signature", "amount")
        )
    )


def fit_signatures(case: Case, family: str) -> Fit:
    """Fit all signatures to the changes of a family in the minutes of the window."""
    spread, known = case.model.balances, case.known_balances
    names = [name for name, is_known in zip(spread.names, known, strict=True) if is_known]
    sd = spread.sd[family][known][:, case.bins[case.window]]
    changes = case.changes[family][known, case.window] / sd
    is_usable = np.isfinite(changes).all(axis=0) & (np.abs(changes).sum(axis=0) > 0)
    changes = np.where(is_usable, changes, 0.0)
    precision = np.linalg.inv(spread.correlation[family][np.ix_(known, known)])
    weighted = precision @ changes
    without = (changes * weighted).sum(axis=0)
    misfit, amount = [], []
    for signature in SIGNATURES:
        vector = np.array([signature.changes.get(name, 0.0) for name in names])[:, None] / sd
        size = (vector * (precision @ vector)).sum(axis=0)
        is_seen = size > 0
        each = (vector * weighted).sum(axis=0) / np.where(is_seen, size, 1.0)
        is_possible = is_seen & possible(case, signature) & ~(signature.is_rise & (each < 0))
        misfit.append(np.where(is_possible, without - each**2 * size, np.inf))
        amount.append(each)
    return Fit(np.array(misfit), np.array(amount), without)


def possible(case: Case, signature: Signature) -> BoolArray:
    """Return the minutes of the window in which the cause can be."""
    if not signature.needs_feed:
        return np.ones(case.last + 1 - case.first, dtype=bool)
    return is_fed(case)[case.window]


def is_fed(case: Case) -> BoolArray:
    """Return the minutes in which the batch is fed, or golden ones are; all without a feed rate."""
    if "feed_rate" not in case.row:
        return np.ones(len(case.result.hour), dtype=bool)
    found: BoolArray = (case.measured("feed_rate") > 0) | (case.usual("feed_rate") > 0)
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
    says = np.array([signature.says for signature in SIGNATURES])
    is_other = says[:, None] != says[best][None, :]
    found: FloatArray = np.where(is_other, misfit, np.inf).min(axis=0)
    return found
