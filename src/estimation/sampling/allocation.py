"""How many stations each stratum gets."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from estimation.arrays import Array, IntArray
from estimation.errors import DesignError

Bound = int | NDArray[np.integer] | Array  # one for all strata, or one for each: shape (H,)


def proportional(
    n: int, size: Array, minimum: Bound = 2, *, measure: Array | None = None, maximum: Bound | None = None
) -> IntArray:
    """Allocate n in proportion to stratum sizes, with a minimum and never more than there are.

    n_h = n N_h / N (Cochran 1977, section 5.5), or n X_h / X for a measure X such as the roll.
    Strata whose share lies below the minimum, or above the maximum, are fixed there and the rest
    is shared again until nothing changes (see :func:`bounded`); whole numbers by largest
    remainder, ties to the first stratum.

    Parameters
    ----------
    n : int
        Stations to allocate, 1 … N.
    size : numpy.ndarray, shape (H,)
        Stations N_h of each stratum, ≥ 1.
    minimum : int or numpy.ndarray, shape (H,)
        The least for a stratum; one that is smaller is taken whole.
    measure : numpy.ndarray, shape (H,), optional
        What to be proportional to, ≥ 0, for example registered voters; the stations without it.
    maximum : int or numpy.ndarray, shape (H,), optional
        The most for a stratum, never more than N_h.

    Returns
    -------
    numpy.ndarray of intp, shape (H,)
        It adds up to n.

    Raises
    ------
    DesignError
        n is above N or above the maxima, the minima alone are above n, a minimum is above its
        maximum, or a measure is negative or missing.
    """
    floor, cap = _bounds(n, size, minimum, maximum)
    return _whole(n, _positive("measure", size if measure is None else measure, size), floor, cap)


def equal(n: int, size: Array, minimum: Bound = 2, *, maximum: Bound | None = None) -> IntArray:
    """Allocate the same number to every stratum, n_h = n / H, for areas of equal precision.

    Parameters, returns and errors are those of :func:`proportional`.
    """
    floor, cap = _bounds(n, size, minimum, maximum)
    return _whole(n, np.ones(len(size)), floor, cap)


def neyman(
    n: int, size: Array, spread: Array, minimum: Bound = 2, *, maximum: Bound | None = None, exact: bool = True
) -> IntArray:
    """Allocate for the smallest variance of a total (Neyman 1934).

    By default the whole numbers that minimise Σ N_h² (1/n_h - 1/N_h) S_h² within the bounds: from
    the minima on, the next station goes where N_h S_h / √(n_h (n_h + 1)) is largest (Wright
    2012). Otherwise n_h = n N_h S_h / Σ N S (Cochran 1977, eq. 5.26), rounded as by :func:`proportional`.

    Parameters
    ----------
    n, size, minimum, maximum
        As in :func:`proportional`; the exact optimum gives every stratum at least one.
    spread : numpy.ndarray, shape (H,)
        Standard deviation S_h ≥ 0 inside each stratum, of the variable or a ratio's residuals.
    exact : bool
        Whether to take the optimum in whole numbers.

    Raises
    ------
    DesignError
        As in :func:`proportional`; a spread is negative or missing.
    """
    gross = size * _positive("spread", spread, size)
    if not exact:
        floor, cap = _bounds(n, size, minimum, maximum)
        return _whole(n, gross, floor, cap)
    floor, cap = _bounds(n, size, np.maximum(minimum, 1), maximum)
    stratum = np.repeat(np.arange(len(size)), cap - floor)  # of every further station
    before = np.arange(len(stratum)) - np.repeat(np.cumsum(cap - floor) - cap, cap - floor)
    priority = _never_zero(gross, size)[stratum] / np.sqrt(before * (before + 1.0))
    best = stratum[np.argsort(-priority, kind="stable")[: n - int(floor.sum())]]
    return floor + np.bincount(best, minlength=len(size))


def optimal_cost(
    n: int | None,
    size: Array,
    spread: Array,
    cost: Array,
    minimum: Bound = 2,
    *,
    maximum: Bound | None = None,
    budget: float | None = None,
) -> IntArray:
    """Allocate where stations cost differently: n_h ∝ N_h S_h / √c_h (Cochran 1977, eq. 5.23).

    With a budget, from the minima on, the next station goes where it takes off most variance for
    its cost, N_h² S_h² / (n_h (n_h + 1) c_h), as long as one can be paid: the optimum (Cochran 1977,
    eq. 5.24, in whole numbers) but for the change that is left.

    Parameters
    ----------
    n : int or None
        Stations to allocate; None where the budget says it.
    size, spread, minimum, maximum
        As in :func:`neyman`.
    cost : numpy.ndarray, shape (H,)
        Cost c_h > 0 of one station in each stratum, in any currency.
    budget : float, optional
        What all stations together may cost, in that currency.

    Raises
    ------
    DesignError
        As in :func:`neyman`; a cost is 0, or the budget can't pay the minima, or is given beside n.
    """
    if (n is None) == (budget is None):
        raise DesignError("an allocation by cost needs either n or a budget: give one of them")
    price = _positive("cost", cost, size)
    if not price.all():
        raise DesignError(f"stratum {int(np.argmin(price))} has cost 0: give what a station costs, above 0")
    gross = size * _positive("spread", spread, size)
    if n is not None:
        floor, cap = _bounds(n, size, minimum, maximum)
        return _whole(n, gross / np.sqrt(price), floor, cap)
    assert budget is not None
    floor, cap = _bounds(None, size, np.maximum(minimum, 1), maximum)
    if float(price @ floor) > budget:
        raise DesignError(f"the minima cost {price @ floor:g}, the budget is {budget:g}: raise it or lower them")
    return _spend(_never_zero(gross, size), price, budget, floor, cap)


def power(
    n: int,
    size: Array,
    totals: Array,
    cv: Array,
    exponent: float = 0.5,
    minimum: Bound = 2,
    *,
    maximum: Bound | None = None,
) -> IntArray:
    """Allocate between the best for the whole and the best for each area: n_h ∝ X_h^q C_h (Bankier 1988).

    With q = 1, and X_h the total of the variable itself, it is Neyman's; with q = 0 it makes the
    coefficients of variation of the areas' estimates equal (but for the fpc).

    Parameters
    ----------
    n, size, minimum, maximum
        As in :func:`proportional`.
    totals : numpy.ndarray, shape (H,)
        Importance X_h ≥ 0 of each stratum, for example its registered voters.
    cv : numpy.ndarray, shape (H,)
        Coefficient of variation C_h = S_h / Ȳ_h ≥ 0 inside each stratum, as a fraction.
    exponent : float
        The power q, 0 … 1.

    Raises
    ------
    DesignError
        As in :func:`proportional`; the exponent is outside 0 … 1.
    """
    if not 0 <= exponent <= 1:
        raise DesignError(f"the exponent of a power allocation is {exponent:g}: give one between 0 and 1")
    floor, cap = _bounds(n, size, minimum, maximum)
    return _whole(n, _positive("total", totals, size) ** exponent * _positive("cv", cv, size), floor, cap)


def bethel(
    size: Array,
    spreads: Array,
    targets: Array,
    *,
    totals: Array | None = None,
    domains: NDArray[np.bool_] | None = None,
    cost: Array | None = None,
    level: float | None = None,
    minimum: Bound = 2,
    maximum: Bound | None = None,
) -> IntArray:
    """Allocate the cheapest sample that meets several precision targets at once (Bethel 1989).

    Minimises Σ c_h n_h subject to Σ_{h in D_j} N_h² (1/n_h - 1/N_h) S_hj² / T_j² ≤ e_j² for all j and
    to the bounds. The multipliers are found by Chromy's (1987) iteration λ_j ← λ_j (V_j / B_j)²,
    n_h = √(Σ_j λ_j A_hj / c_h) within the bounds; whole numbers by rounding up, then every station
    that no target needs is taken off again, the dearest first.

    Parameters
    ----------
    size : numpy.ndarray, shape (H,)
        Stations N_h of each stratum.
    spreads : numpy.ndarray, shape (H, J) or (H,)
        Standard deviation S_hj inside each stratum of target j's variable, for a share the
        residuals y - θ v in votes; one column serves all targets.
    targets : numpy.ndarray, shape (J,)
        The standard error e_j > 0 to reach, in share points where `totals` are given (0.01 is one
        point); a margin of error where a level is given.
    totals : numpy.ndarray, shape (J,), optional
        What each estimate is divided by, for a share the domain's valid votes; 1 without it.
    domains : numpy.ndarray of bool, shape (J, H), optional
        The strata that each target speaks of; all without it.
    cost : numpy.ndarray, shape (H,), optional
        Cost c_h > 0 of a station in each stratum; 1 without it.
    level : float, optional
        Confidence level, 0 … 1, at which `targets` are margins of error.
    minimum, maximum
        As in :func:`proportional`.

    Returns
    -------
    numpy.ndarray of intp, shape (H,)
        Every target is met; with one station less in any stratum above its minimum one is not.

    Raises
    ------
    DesignError
        Shapes differ, a spread is negative or missing, a target is not positive or can't be met
        within the maxima.
    """
    floor, cap = _bounds(None, size, np.maximum(minimum, 1), maximum)
    goal = np.asarray(targets, dtype=np.float64)
    price = np.ones(len(size)) if cost is None else _positive("cost", cost, size)
    if goal.ndim != 1 or not np.all(goal > 0) or not np.all(price > 0):
        raise DesignError("targets and costs must be positive, one target a column: give standard errors above 0")
    if level is not None:
        goal = goal / ndtri(0.5 + level / 2)
    need = _constraints(size, spreads, goal, totals, domains)
    if np.any((excess := need @ (1 / cap)) > 1 + 1e-12):
        j = int(np.argmax(excess))
        raise DesignError(
            f"target {j} can't be met even with every stratum at its maximum: "
            f"raise the maximum of its strata or allow a standard error above {goal[j]:g}"
        )
    real = _chromy(need, price, floor, cap)
    return _trim(np.minimum(np.ceil(real - 1e-9), cap).astype(np.intp), need, price, floor, cap)


def variance(allocation: IntArray, size: Array, spread: Array) -> Array:
    """Compute the variance of an expanded total, Σ N_h² (1/n_h - 1/N_h) S_h² (Cochran 1977, eq. 5.6).

    Parameters
    ----------
    allocation : numpy.ndarray of intp, shape (…, H)
        Stations n_h ≥ 1 of each stratum.
    size, spread : numpy.ndarray, shape (…, H)
        Stations N_h and standard deviations S_h; leading axes broadcast, and are those of the result.
    """
    return np.asarray((size**2 * (1 / np.asarray(allocation) - 1 / size) * spread**2).sum(axis=-1), dtype=np.float64)


def bounded(
    n: float, measure: Array, floor: Array | IntArray, cap: Array | IntArray
) -> tuple[Array, NDArray[np.bool_]]:
    """Share n in proportion to a measure within bounds, in real numbers.

    Solves Σ clip(λ k_h, floor_h, cap_h) = n: strata out of bounds are fixed there, those on the side
    that outweighs the other first (Bitran and Hax 1981), and the rest is shared again.

    Parameters
    ----------
    n : float
        What to share, Σ floor … Σ cap.
    measure, floor, cap : numpy.ndarray, shape (H,)
        Measures k_h > 0, and the bounds.

    Returns
    -------
    share, free : numpy.ndarray, shape (H,)
        The shares, and which strata no bound has fixed.
    """
    share = np.zeros(len(measure))
    free = np.ones(len(measure), dtype=np.bool_)
    while free.any():
        share[free] = (n - share[~free].sum()) * (measure[free] / measure[free].sum())
        low, high = free & (share < floor), free & (share > cap)
        if not (low | high).any():
            break
        balance = (floor - share)[low].sum() - (share - cap)[high].sum()
        fixed = (low & (balance >= 0)) | (high & (balance <= 0))
        share[fixed] = np.clip(share, floor, cap)[fixed]
        free &= ~fixed
    return share, free


def _whole(n: int, measure: Array, floor: IntArray, cap: IntArray) -> IntArray:
    """Round bounded shares to whole numbers that add up to n, by largest remainder among the free strata."""
    share, free = bounded(n, _never_zero(measure, cap), floor, cap)
    whole = np.floor(share + 1e-9).astype(np.intp)
    rest = n - int(whole.sum())
    whole[np.argsort(-np.where(free, share - whole, -1.0), kind="stable")[:rest]] += 1
    return whole


def _bounds(n: int | None, size: Array, minimum: Bound, maximum: Bound | None) -> tuple[IntArray, IntArray]:
    """Find the least and the most of each stratum; n must lie between their sums."""
    number = len(size)
    if not np.all(np.asarray(size) >= 1):
        raise DesignError(f"stratum {int(np.argmin(size))} has no station: leave it out")
    for name, given in (("minimum", minimum), ("maximum", size if maximum is None else maximum)):
        if np.ndim(given) and np.shape(given) != (number,):
            raise DesignError(f"there are {number} strata and {np.size(given)} values of {name}: give one for each")
    whole = np.asarray(size).astype(np.intp)
    floor = np.minimum(whole, np.asarray(minimum, dtype=np.intp))
    cap = whole if maximum is None else np.minimum(whole, np.asarray(maximum, dtype=np.intp))
    if np.any(floor > cap):
        h = int(np.argmax(floor > cap))
        raise DesignError(f"stratum {h} has minimum {floor[h]} above its maximum {cap[h]}: lower or raise one")
    if n is None:
        return floor, cap
    if n > whole.sum():
        raise DesignError(f"n = {n} is more than the {whole.sum()} stations there are: ask for {whole.sum()} or fewer")
    if n > cap.sum():
        raise DesignError(f"n = {n} is more than the maxima of the strata allow: ask for {cap.sum()} or raise them")
    if floor.sum() > n:
        least = f"at least {minimum} stations each" if np.ndim(minimum) == 0 else "their minima"
        raise DesignError(f"n = {n} is too few for {number} strata with {least}: they need {int(floor.sum())}")
    return floor, cap


def _positive(name: str, values: Array, size: Array) -> Array:
    """Check that there is one number ≥ 0 for each stratum."""
    values = np.asarray(values, dtype=np.float64)
    if values.shape != np.shape(size):
        raise DesignError(f"there are {len(size)} strata and {values.size} values of {name}: give one for each")
    if not np.all(fine := np.isfinite(values) & (values >= 0)):
        bad = f"stratum {np.argmin(fine)} has {name} {values[np.argmin(fine)]:g}"
        raise DesignError(f"{bad}, which must be 0 or more: join it with a neighbour, or give a number")
    return values


def _never_zero(measure: Array, size: Array | IntArray) -> Array:
    """Let strata that measure nothing come last, by their size, when all others are taken whole."""
    if measure.all():
        return measure
    least = float(np.min((measure / size)[measure > 0], initial=1.0))
    return np.where(measure > 0, measure, 1e-9 * least * size)


def _spend(gross: Array, price: Array, budget: float, floor: IntArray, cap: IntArray) -> IntArray:
    """Buy stations by variance per cost until none can be paid."""
    n, left = floor.copy(), budget - float(price @ floor) + 1e-9 * budget
    while np.any(can := (n < cap) & (price <= left)):  # the dear one is out of reach, cheaper ones may not be
        best = int(np.argmax(np.where(can, gross**2 / (price * n * (n + 1.0)), -1.0)))
        n[best] += 1
        left -= price[best]
    return n


def _constraints(
    size: Array, spreads: Array, goal: Array, totals: Array | None, domains: NDArray[np.bool_] | None
) -> Array:
    """Write the targets as A (1/n) ≤ 1, A of shape (J, H)."""
    shape = (len(goal), len(size))
    inside = np.ones(shape, dtype=np.bool_) if domains is None else np.asarray(domains, dtype=np.bool_)
    spread = np.asarray(spreads, dtype=np.float64)
    spread = np.broadcast_to(spread, shape) if spread.shape == (len(size),) else spread.T
    total = np.ones(len(goal)) if totals is None else np.asarray(totals, dtype=np.float64)
    if spread.shape != shape or inside.shape != shape or total.shape != goal.shape or not np.all(total > 0):
        need = f"spreads of shape {shape[::-1]}, domains of shape {shape} and {len(goal)} totals above 0"
        raise DesignError(f"{len(size)} strata and {len(goal)} targets need {need}")
    for column in np.where(inside, spread, 0.0):
        _positive("spread", column, size)
    unit = np.where(inside, spread, 0.0) ** 2 / total[:, None] ** 2
    return unit * size**2 / (goal**2 + unit @ size)[:, None]


def _chromy(need: Array, price: Array, floor: IntArray, cap: IntArray) -> Array:
    """Find the real allocation of least cost: multipliers rise where a target is missed and fall where not."""
    multiplier = np.sqrt(need * price).sum(axis=1) ** 2  # what each target would need alone
    n = cap.astype(np.float64)
    for _ in range(5000):
        before, n = n, np.clip(np.sqrt(multiplier @ need / price), floor, cap)
        if np.all((reached := need @ (1 / n)) <= 1 + 1e-9) and np.all(np.abs(n - before) <= 1e-9 * n):
            break
        multiplier = multiplier * reached**2
    return n


def _trim(n: IntArray, need: Array, price: Array, floor: IntArray, cap: IntArray) -> IntArray:
    """Add what a target still lacks, then take off what none needs, the dearest first."""
    while np.any((reached := need @ (1 / n)) > 1 + 1e-12):
        gain = need[np.argmax(reached)] * (1 / n - 1 / (n + 1)) / price
        n[np.argmax(np.where(n < cap, gain, -1.0))] += 1
    while True:
        after = (need @ (1 / n))[:, None] + need * (1 / np.maximum(n - 1, 1) - 1 / n)
        can = (n > floor) & np.all(after <= 1 + 1e-12, axis=0)
        if not can.any():
            return n
        n[np.lexsort((after.max(axis=0), -price, ~can))[0]] -= 1
