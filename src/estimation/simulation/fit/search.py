"""Constants of the predictor from a team's own past nights: ``[estimate]`` delta, tau, kappa and phi.

The constants are those with the smallest mean interval score, which asks for coverage and for narrow intervals at once
(Gneiting and Raftery 2007, eq. 43). Each cell (night, part of the returns, candidate) counts by its score relative to
the one that the defaults have there, so that early parts and large shares don't decide alone. They are searched on
grids, one constant after another, on the same samples throughout; what is found on some elections is judged on those
that were left out, since whatever is fitted fits the elections that it was fitted to.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from estimation.arrays import Array
from estimation.errors import EstimationError
from estimation.simulation.fit.past_night import DEFAULT, ConstantValues, Past, Score, score
from estimation.simulation.population import NOTHING

GRIDS: Mapping[str, tuple[float, ...]] = {
    "delta": (0.0, 0.03, 0.05, 0.07, 0.10, 0.14, 0.20, 0.28, 0.40),
    "tau": (0.05, 0.10, 0.20, 0.40, 0.80),
    "kappa": (0.0, 0.25, 0.50, 0.75, 1.0),
    "phi": (0.25, 0.5, 1.0, 2.0, 4.0),  # times the default pair
}
SWEEPS = 4
LEVEL = 0.95  # one-sided, of ranges and of the verdict


class LeftOut(NamedTuple):
    """What was found on all others, on one that was left out.

    Attributes
    ----------
    name : str
        The election, or the area.
    point : ConstantValues
        Found on the others.
    score : float
        Relative to the defaults; below 1 is better.
    coverage, default_coverage : float
    """

    name: str
    point: ConstantValues
    score: float
    coverage: float
    default_coverage: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """Constants fitted to past nights.

    Attributes
    ----------
    point : ConstantValues
    ranges : dict of str to (float, float), or None
        Values of each constant, the others held, that are not worse beyond chance; None with a single night, which
        can't say.
    score : float
        Relative to the defaults, on the nights it was fitted to: a promise that is too good.
    coverage, default_coverage : float
        Pooled over cells.
    left_out : tuple of LeftOut
        Each election (or area, where there is one election) by the constants of the others; empty with one night.
    by : str
        ``election`` or ``area``: what was left out.
    nights : int
        Past nights, areas counted.
    """

    point: ConstantValues
    ranges: dict[str, tuple[float, float]] | None
    score: float
    coverage: float
    default_coverage: float
    left_out: tuple[LeftOut, ...]
    by: str
    nights: int

    @property
    def left_out_score(self) -> float:
        """Mean score of what was left out, relative to the defaults; NaN where nothing was."""
        return float(np.mean([one.score for one in self.left_out])) if self.left_out else np.nan

    @property
    def better(self) -> bool:
        """It beats the defaults on what was left out beyond chance (one-sided t test of the log scores, 5 %)."""
        if len(self.left_out) < 2:
            return False
        logs = np.log([one.score for one in self.left_out])
        quantile = float(stdtrit(len(logs) - 1, LEVEL))
        return bool(logs.mean() + quantile * logs.std(ddof=1) / np.sqrt(len(logs)) < 0)


class Scores:
    """Scores of points on past nights, each computed once."""

    def __init__(self, nights: Sequence[Past]) -> None:
        self.nights = nights
        self.by = "election" if len({one.election for one in nights}) > 1 else "area"
        self.groups = [getattr(one, self.by) for one in nights]
        self._held: dict[tuple[int, ConstantValues], Score] = {}

    def at(self, i: int, point: ConstantValues) -> Score:
        """Score past night i with some values of the constants; each is computed once."""
        key = i, point
        if key not in self._held:
            self._held[key] = score(self.nights[i], point)
        return self._held[key]

    def relative(self, point: ConstantValues, among: Iterable[int]) -> Array:
        """Give the mean score relative to the defaults' of each election, or of each area of a single one."""
        groups: dict[str, list[float]] = {}
        for i in among:
            groups.setdefault(self.groups[i], []).append(_relative(self.at(i, point), self.at(i, DEFAULT)))
        return np.array([np.mean(values) for values in groups.values()])

    def coverage(self, point: ConstantValues, among: Iterable[int]) -> float:
        """Compute the part of all cells of some nights whose interval held the truth."""
        return float(np.concatenate([self.at(i, point).covered for i in among]).mean())


def fit_constants(nights: Sequence[Past]) -> Fitted:
    """Fit the constants, and judge them on what was left out.

    With several elections each is left out in turn; with one that has several areas, each area, which flatters, as the
    areas of one night are alike.

    Parameters
    ----------
    nights : sequence of Past
        At least one.

    Raises
    ------
    EstimationError
        There is no night, or the predictor can't be computed on one.
    """
    if not nights:
        raise EstimationError("there is no past night to fit to: name a contest folder with an official result")
    scores, every = Scores(nights), range(len(nights))
    point = _search(scores, every)
    groups, left_out = list(dict.fromkeys(scores.groups)), []
    for name in groups if len(groups) > 1 else ():
        own = [i for i in every if scores.groups[i] == name]
        found = _search(scores, [i for i in every if scores.groups[i] != name])
        value = float(scores.relative(found, own).mean())
        left_out.append(LeftOut(name, found, value, scores.coverage(found, own), scores.coverage(DEFAULT, own)))
    return Fitted(
        point,
        _ranges(scores, point) if len(groups) > 1 else None,
        float(scores.relative(point, every).mean()),
        scores.coverage(point, every),
        scores.coverage(DEFAULT, every),
        tuple(left_out),
        scores.by,
        len(nights),
    )


def _search(scores: Scores, among: Iterable[int]) -> ConstantValues:
    """Find the best point from the defaults on, one constant after another, until none moves."""
    rows, point = list(among), DEFAULT
    for _ in range(SWEEPS):
        before = point
        for name, values in GRIDS.items():
            means = [float(scores.relative(point._replace(**{name: value}), rows).mean()) for value in values]
            now = float(scores.relative(point, rows).mean())
            if min(means) < now - 1e-9:  # of equal ones the present value stays
                point = point._replace(**{name: values[int(np.argmin(means))]})
        if point == before:
            break
    return point


def _ranges(scores: Scores, point: ConstantValues) -> dict[str, tuple[float, float]]:
    """Give the values that a one-sided t test between elections (or areas) can't tell from the best."""
    every = range(len(scores.nights))
    best, found = scores.relative(point, every), {}
    quantile = float(stdtrit(len(best) - 1, LEVEL))
    for name, values in GRIDS.items():
        own = getattr(point, name)
        kept = [own]
        for value in values:
            more = scores.relative(point._replace(**{name: value}), every) - best
            if more.mean() <= quantile * more.std(ddof=1) / np.sqrt(len(more)):
                kept.append(value)
        found[name] = min(kept), max(kept)
    return found


def _relative(own: Score, default: Score) -> float:
    """Give the geometric mean over cells; cells without an interval, as at a census, say nothing."""
    use = (default.score > NOTHING) & (own.score > NOTHING)
    if not use.any():
        return 1.0
    return float(np.exp(np.log(own.score[use] / default.score[use]).mean()))
