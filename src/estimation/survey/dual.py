"""The equations of calibration, solved for many replicates at once.

Calibration looks for λ with Σ w F(x'λ / σ²) x + P λ = t, where F belongs to the distance and the diagonal P ≥ 0 is the
ridge's penalty (0: the total is met). That is where a convex function of λ is smallest, which Newton's method finds.
Every function here takes replicates on the first axis and nothing before it.
"""

from dataclasses import dataclass, fields

import numpy as np

from estimation.arrays import Array, BoolArray, IntArray
from estimation.survey.distances import Distance, Straight

SMALL_PIVOT = 1e-12  # a column of which less than this part of its square is its own is a combination of others
AGREE = 1e-8  # relative difference at which totals of collinear columns contradict each other
EXACT = 1e-14  # relative difference of totals at which Newton's method is done …
NEAR = 1e-11  # … or this, where a further step no longer helps
REACHED = 1e-9  # … or this, where the steps are used up
STEPS = 200
DAMPING = 1e-5
HALVINGS = 40
WEAK, STRONG = 1e-8, 1e10  # ridges that the automatic search looks between
SEARCH = 100
TOUCHING = 1e-10  # the extreme g may stay this far inside its bound

EMPTY, CLASH, UNMET = 1, 2, 3  # why a replicate can't be calibrated


@dataclass(frozen=True, slots=True)
class Problem:
    """What is to be calibrated; a station that is not in has weight, auxiliaries 0.

    Attributes
    ----------
    weight, scale : numpy.ndarray, shape (r, n)
    auxiliary : numpy.ndarray, shape (r, n, q)
    totals, size : numpy.ndarray, shape (r, q)
        Totals to meet, and the size that a difference is relative to.
    gram : numpy.ndarray, shape (r, q, q)
        Σ w x x' / σ².
    """

    weight: Array
    auxiliary: Array
    totals: Array
    scale: Array
    gram: Array
    size: Array

    def rows(self, index: IntArray | BoolArray) -> "Problem":
        """Take some of the replicates."""
        return Problem(*(getattr(self, field.name)[index] for field in fields(self)))

    def exponent(self, multiplier: Array) -> Array:
        """Work out u = x'λ / σ², shape (r, n)."""
        return np.asarray((self.auxiliary @ multiplier[..., None])[..., 0] / self.scale)

    def total(self, g: Array) -> Array:
        """Add up Σ w g x, shape (r, q)."""
        return np.asarray(((self.weight * g)[..., None, :] @ self.auxiliary)[..., 0, :])


def pose(weight: Array, auxiliary: Array, totals: Array, scale: Array) -> Problem:
    """Set up the equations; stations that are not in are left out of them."""
    inside = weight > 0
    if not inside.all():
        auxiliary = np.where(inside[..., None], auxiliary, 0.0)
        scale = np.where(inside, scale, 1.0)
    absolute = (weight[..., None, :] @ np.abs(auxiliary))[..., 0, :]
    size = np.maximum(np.abs(totals), absolute)
    return Problem(weight, auxiliary, totals, scale, gram(auxiliary, weight / scale), np.where(size > 0, size, 1.0))


def gram(auxiliary: Array, factor: Array) -> Array:
    """Add up Σ f x x', shape (r, q, q)."""
    return np.asarray(np.swapaxes(auxiliary * factor[..., None], -1, -2) @ auxiliary)


def penalties(problem: Problem, ridge: Array, cost: Array) -> Array:
    """Turn a ridge η (r,) and costs c (q,) into P_j = η t_j² / (c_j Σ w σ²), shape (r, q)."""
    spread = (problem.weight * problem.scale).sum(axis=-1, keepdims=True)
    relative = np.where(problem.totals == 0, problem.size, problem.totals)
    unit = relative**2 / np.where(spread > 0, spread, 1.0)
    return np.asarray(ridge[:, None] * unit / cost)


@dataclass(frozen=True, slots=True)
class Solution:
    """Multipliers λ (r, q), penalties (r, q), ridge (r,), what was kept (r, q), steps (r,), faults and columns (r,)."""

    multiplier: Array
    penalty: Array
    ridge: Array
    keep: BoolArray
    steps: IntArray
    fault: IntArray
    column: IntArray

    def put(self, where: IntArray | BoolArray, other: "Solution", rows: BoolArray | slice = slice(None)) -> None:
        """Write other's rows in place of some replicates."""
        for field in fields(self):
            getattr(self, field.name)[where] = getattr(other, field.name)[rows]


def independent(problem: Problem, exact: BoolArray) -> tuple[BoolArray, IntArray, IntArray]:
    """Go through the columns whose totals must be met, and drop those that earlier ones make redundant.

    Gaussian elimination of the Gram matrix, with the totals as right-hand side, column by column:
    a redundant column has no pivot left, and then nothing may be left of its total either.

    Parameters
    ----------
    exact : numpy.ndarray of bool, shape (r, q)
        Columns to look at; a penalised one is never dropped.

    Returns
    -------
    keep : numpy.ndarray of bool, shape (r, q)
    fault, column : numpy.ndarray of intp, shape (r,)
        0, EMPTY (a total that is not zero, and no station in that has any of it) or CLASH (totals
        of collinear columns disagree), and the first such column.
    """
    number, q = problem.totals.shape
    if not exact.any():
        return np.ones((number, q), dtype=np.bool_), np.zeros(number, dtype=np.intp), np.zeros(number, dtype=np.intp)
    norm = np.sqrt(np.diagonal(problem.gram, axis1=-2, axis2=-1))
    empty = norm == 0
    unit = np.where(empty, 1.0, norm)
    left = problem.gram / (unit[:, :, None] * unit[:, None, :])
    side, size = problem.totals / unit, np.abs(problem.totals) / unit
    keep = np.ones((number, q), dtype=np.bool_)
    fault, column = np.zeros(number, dtype=np.intp), np.zeros(number, dtype=np.intp)
    for j in range(q):
        redundant = exact[:, j] & (left[:, j, j] <= SMALL_PIVOT)
        keep[:, j] = ~redundant
        wrong = redundant & (np.abs(side[:, j]) > AGREE * size[:, j]) & (fault == 0)
        fault[wrong], column[wrong] = np.where(empty[wrong, j], EMPTY, CLASH), j
        use = exact[:, j] & keep[:, j]
        factor = np.where(use[:, None], left[:, :, j] / np.where(use, left[:, j, j], 1.0)[:, None], 0.0)
        factor[:, : j + 1] = 0.0
        side = side - factor * side[:, j, None]
        size = size + np.abs(factor) * size[:, j, None]
        left = left - factor[:, :, None] * left[:, j, None, :]
    return keep, fault, column


def bordered(matrix: Array, keep: BoolArray) -> Array:
    """Make dropped columns of (r, q, q) solve to zero."""
    if keep.all():
        return matrix
    q = keep.shape[-1]
    return np.where(keep[..., :, None] & keep[..., None, :], matrix, np.eye(q) * ~keep[..., None, :])


@dataclass(frozen=True, slots=True)
class Point:
    """Where Newton's method is: λ, u, g, the equations' left-over (r, q), and its largest relative size (r,)."""

    multiplier: Array
    u: Array
    g: Array
    rest: Array
    miss: Array

    def rows(self, index: BoolArray) -> "Point":
        """Take some of the replicates."""
        return Point(*(getattr(self, field.name)[index] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class System:
    """The equations of one distance and ridge."""

    problem: Problem
    distance: Distance
    penalty: Array
    keep: BoolArray

    def rows(self, index: BoolArray) -> "System":
        """Take some of the replicates."""
        return System(self.problem.rows(index), self.distance, self.penalty[index], self.keep[index])

    def at(self, multiplier: Array, u: Array) -> Point:
        """Evaluate t - Σ w F(u) x - P λ; a dropped column has no equation."""
        g = self.distance.ratio(u)
        rest = np.where(self.keep, self.problem.totals - self.problem.total(g) - self.penalty * multiplier, 0.0)
        return Point(multiplier, u, g, rest, (np.abs(rest) / self.problem.size).max(axis=-1, initial=0.0))

    def direction(self, point: Point) -> Array:
        """Newton's direction; far from the solution some of the Gram matrix keeps the slopes' matrix regular."""
        problem = self.problem
        slopes = problem.gram
        if not isinstance(self.distance, Straight):
            factor = problem.weight * self.distance.slope(point.g) / problem.scale
            damping = np.clip(DAMPING * point.miss, 1e-13, DAMPING)[:, None, None]
            slopes = gram(problem.auxiliary, factor) + damping * problem.gram
        matrix = slopes + self.penalty[:, None, :] * np.eye(self.penalty.shape[-1])
        return np.asarray(np.linalg.solve(bordered(matrix, self.keep), point.rest[..., None])[..., 0])

    def step(self, point: Point, least: Array) -> Point:
        """Go one step, halved where the equations are not better than ever and their convex function does not fall."""
        direction = self.direction(point)
        along = self.problem.exponent(direction)
        moved = self.at(point.multiplier + direction, point.u + along)
        doubtful = ~(moved.miss <= least / 2)
        if isinstance(self.distance, Straight) or not doubtful.any():
            return moved
        length = np.ones(len(doubtful))
        length[doubtful] = self.rows(doubtful).length(point.rows(doubtful), direction[doubtful], along[doubtful])
        if np.all(length == 1):
            return moved
        return self.at(point.multiplier + length[:, None] * direction, point.u + length[:, None] * along)

    def length(self, point: Point, direction: Array, along: Array) -> Array:
        """Halve each replicate's step until the convex function falls enough (Armijo 1966), up to rounding."""
        length = np.ones(len(direction))
        fall = (point.rest * direction).sum(axis=-1)
        start, size = self.objective(point.multiplier, point.u)
        for _ in range(HALVINGS):
            moved = point.multiplier + length[:, None] * direction
            value, _ = self.objective(moved, point.u + length[:, None] * along)
            high = ~(value <= start - 1e-4 * length * fall + 1e-13 * size)
            if not high.any():
                break
            length[high] /= 2
        return length

    def objective(self, multiplier: Array, u: Array) -> tuple[Array, Array]:
        """Give Σ w σ² ∫F(u) - t'λ + λ'Pλ / 2 and the size of its terms, shape (r,)."""
        problem = self.problem
        convex = (problem.weight * problem.scale * self.distance.integral(u)).sum(axis=-1)
        linear = (problem.totals * multiplier).sum(axis=-1)
        ridge = (self.penalty * multiplier * multiplier).sum(axis=-1) / 2
        return convex - linear + ridge, np.abs(convex) + np.abs(linear)


def newton(system: System) -> tuple[Array, Array, IntArray]:
    """Solve the equations, each replicate until its totals are met to rounding.

    Returns
    -------
    multiplier : numpy.ndarray, shape (r, q)
    miss : numpy.ndarray, shape (r,)
        Largest relative difference that is left.
    steps : numpy.ndarray of intp, shape (r,)
    """
    number, q = system.penalty.shape
    multiplier, miss = np.zeros((number, q)), np.empty(number)
    steps = np.zeros(number, dtype=np.intp)
    point = system.at(multiplier, np.zeros(system.problem.weight.shape))
    active, before, least = np.arange(number), np.full(number, np.inf), point.miss
    for step in range(STEPS + 1):
        multiplier[active], miss[active], steps[active] = point.multiplier, point.miss, step
        left = ~((point.miss <= EXACT) | ((point.miss <= NEAR) & (point.miss >= 0.1 * before)))
        if not left.any() or step == STEPS:
            break
        if not left.all():
            active, least, system, point = active[left], least[left], system.rows(left), point.rows(left)
        before, least = point.miss, np.minimum(least, point.miss)
        point = system.step(point, least)
    return multiplier, miss, steps


def fixed(problem: Problem, distance: Distance, ridge: Array, cost: Array) -> Solution:
    """Calibrate with a given ridge η (r,); 0 meets every total."""
    penalty = penalties(problem, ridge, cost)
    keep, fault, column = independent(problem, penalty == 0)
    system = System(problem, distance, penalty, keep)
    multiplier, steps = np.zeros(penalty.shape), np.zeros(len(ridge), dtype=np.intp)
    good = fault == 0
    with np.errstate(over="ignore", invalid="ignore"):  # where totals can't be reached λ grows without end
        multiplier[good], miss, steps[good] = newton(system if good.all() else system.rows(good))
    fault[good] = np.where(miss <= REACHED, 0, UNMET)
    return Solution(multiplier, penalty, ridge.copy(), keep, steps, fault, column)


def automatic(problem: Problem, distance: Distance, cost: Array, bounds: tuple[float, float]) -> Solution:
    """Calibrate exactly where that keeps g inside the bounds, else with the smallest ridge that does.

    The excess of the extreme g over its bound falls as log η grows; its root is bracketed and found
    by the Illinois method (Dowell and Jarratt 1971), with every eighth step a bisection.
    """
    found = fixed(problem, distance, np.zeros(len(problem.totals)), cost)
    outside = _excess(problem, distance, found, bounds) > 0
    if not outside.any():
        return found
    part, (low, high) = problem.rows(outside), (np.full(int(outside.sum()), np.log(end)) for end in (WEAK, STRONG))
    best, weakest = (fixed(part, distance, np.exp(end), cost) for end in (high, low))
    below, above = (_excess(part, distance, end, bounds) for end in (best, weakest))
    best.fault[(best.fault == 0) & (below > 0)] = UNMET
    best.put(above <= 0, weakest, above <= 0)
    active, last = np.flatnonzero((above > 0) & (below <= 0)), np.zeros(above.size, dtype=np.bool_)
    for step in range(SEARCH):
        if not active.size:
            break
        a, b, left, right = above[active], below[active], low[active], high[active]
        with np.errstate(invalid="ignore"):  # the excess of what can't be solved is infinite
            guess = right - b * (right - left) / (b - a)
        usable = (guess > left) & (guess < right) & (step >= 4) & (step % 8 > 0)
        guess = np.where(usable, guess, (left + right) / 2)
        tried = fixed(part.rows(active), distance, np.exp(guess), cost)
        value = _excess(part.rows(active), distance, tried, bounds) + TOUCHING / 2
        inside = value <= TOUCHING / 2
        best.put(active[inside], tried, inside)
        over = value > 0
        low[active], high[active] = np.where(over, guess, left), np.where(over, right, guess)
        again = over == last[active]  # an end that stays twice counts half
        above[active] = np.where(over, value, np.where(again, a / 2, a))
        below[active] = np.where(over, np.where(again, b / 2, b), value)
        last[active] = over
        active = active[np.abs(value) > TOUCHING / 2]
    found.put(outside, best)
    return found


def _excess(problem: Problem, distance: Distance, found: Solution, bounds: tuple[float, float]) -> Array:
    """By how much the extreme g lies outside the bounds (negative: inside), shape (r,)."""
    g = np.where(problem.weight > 0, distance.ratio(problem.exponent(found.multiplier)), 1.0)
    excess = np.maximum(g.max(axis=-1) - bounds[1], bounds[0] - g.min(axis=-1))
    return np.where(found.fault == 0, excess, np.inf)
