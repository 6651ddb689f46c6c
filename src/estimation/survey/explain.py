"""Why weights can't be calibrated: which totals stand in the way, by how much, and what to do."""

from dataclasses import dataclass

import numpy as np

from estimation.arrays import Array, BoolArray
from estimation.errors import EstimateError
from estimation.survey.distances import Distance
from estimation.survey.dual import CLASH, EMPTY, STEPS, Problem, independent

LISTED = 3  # totals that a message names
NONE = 1e-7  # relative difference that counts as none


class CalibrationError(EstimateError):
    """Some replicates can't be calibrated.

    Attributes
    ----------
    failed : numpy.ndarray of bool, shape (…)
        Which of them; the others could be.
    """

    def __init__(self, message: str, failed: BoolArray) -> None:
        super().__init__(message)
        self.failed = failed


@dataclass(frozen=True, slots=True)
class Reason:
    """What is known of the first replicate that failed."""

    fault: int
    column: int
    names: tuple[str, ...]
    distance: Distance
    limits: tuple[float, float] | None
    exact: BoolArray


def error(problem: Problem, reason: Reason, failed: BoolArray) -> CalibrationError:
    """Make the error of one replicate (the first axis has length 1), and say how many there are."""
    sentence = {EMPTY: _empty, CLASH: _clash}.get(reason.fault, _unmet)(problem, reason)
    where = ""
    if failed.ndim:
        first = tuple(int(index) for index in np.argwhere(failed)[0])
        position = str(first[0]) if len(first) == 1 else str(first)
        where = f"replicate {position} ({int(failed.sum())} of {failed.size} fail): "
    return CalibrationError(where + sentence, failed)


def total_text(value: float) -> str:
    """Write a total: one decimal from a thousand on, else six digits."""
    return f"{value:,.1f}".removesuffix(".0") if abs(value) >= 1000 else f"{value:.6g}"


def _empty(problem: Problem, reason: Reason) -> str:
    name, total = reason.names[reason.column], problem.totals[0, reason.column]
    return (
        f"no station that is in has any of '{name}', and its total is {total_text(total)}: "
        "merge it with another group, leave it out, or give a ridge"
    )


def _clash(problem: Problem, reason: Reason) -> str:
    j = reason.column
    implied = implied_total(problem, j, reason.exact)
    return (
        f"auxiliary '{reason.names[j]}' is a combination of those before it, which imply a total of "
        f"{total_text(implied)}, and its own is {total_text(problem.totals[0, j])}: give totals that agree (complete "
        "margins add up to the same population), fewer auxiliaries, or a ridge"
    )


def implied_total(problem: Problem, column: int, exact: BoolArray) -> float:
    """Work out the total of a redundant column from the earlier ones that were kept."""
    keep, _, _ = independent(problem, exact[None, :])
    before = np.flatnonzero(keep[0] & exact)
    before = before[before < column]
    gram = problem.gram[0]
    coefficients = np.linalg.solve(gram[np.ix_(before, before)], gram[before, column])
    return float(coefficients @ problem.totals[0, before])


def _unmet(problem: Problem, reason: Reason) -> str:
    low, high = reason.distance.range
    if reason.limits is not None:
        return (
            f"no ridge brings the g-weights within {reason.limits[0]:g} … {reason.limits[1]:g}, as the totals whose "
            "cost is infinite need more: give wider bounds, or fewer totals an infinite cost"
        )
    slow = f"Newton's method did not meet the equations of distance '{reason.distance.name}' in {STEPS} steps"
    if not reason.exact.any():
        return f"{slow}: give a larger ridge, or wider bounds"
    closest = nearest_totals(problem, reason.exact, low, high)
    totals, size = problem.totals[0], problem.size[0]
    miss = np.where(reason.exact, np.abs(closest - totals) / size, 0.0)
    bounds = f"g-weights of {low:g} … {high:g}"
    wider = "give wider bounds" if np.isfinite(high) else "give distance 'linear'"
    remedy = f"{wider}, a ridge (ridge='automatic' with distance 'linear'), or fewer auxiliaries"
    if miss.max() <= NONE:
        return f"{slow}, though {bounds} can meet the totals: {remedy}"
    worst = [j for j in np.argsort(-miss, kind="stable")[:LISTED] if miss[j] > NONE]
    listed = ", ".join(
        f"'{reason.names[j]}' comes to {total_text(closest[j])} of {total_text(totals[j])}"
        + (f" ({closest[j] / totals[j] - 1:+.2%})" if totals[j] else "")
        for j in worst
    )
    more = int((miss > NONE).sum()) - len(worst)
    others = f" and {more} more" if more > 0 else ""
    return f"no {bounds} meet the totals; at the closest {listed}{others}: {remedy}"


def nearest_totals(problem: Problem, exact: BoolArray, low: float, high: float) -> Array:
    """Find the totals, within the bounds, whose relative differences have the least squares; shape (q,)."""
    from scipy.optimize import lsq_linear

    use = problem.weight[0] > 0
    size = problem.size[0, exact]
    weighted = problem.weight[0, use, None] * problem.auxiliary[0, use]
    best = lsq_linear((weighted[:, exact] / size).T, problem.totals[0, exact] / size, (low, high), method="bvls")
    return np.asarray(best.x @ weighted)
