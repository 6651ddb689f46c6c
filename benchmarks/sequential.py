"""How often a wrong leader is ever called by somebody who looks twenty times, and what the remedies cost.

Each night draws 300 stations, stratified by kecamatan in proportion, and lets them come in in random order; everybody
looks after every 15. All rules see the same nights. A tie is Situbondo 2019 with the lead taken out of every station in
proportion to its valid votes, a clear race has 2.5 half-widths of the last 95 % interval added in the same way.
"""

import time
from typing import NamedTuple

import numpy as np
from machine import SHARED, save

from estimation.arrays import per_station, stratum_sums
from estimation.contest import load_contest
from estimation.estimators.sequences import mixture_multiplier
from estimation.sampling import proportional, selection, strata_by
from estimation.seeds import generator
from estimation.simulation.population import Population, open_population, proportion
from estimation.survey import Structure, collapse, ratio
from estimation.survey.spending import boundaries, continuous, normal_deviate
from estimation.survey.variance import stratified
from estimation.survey.variance.kernel import squares

N, LOOKS, SEED, BLOCK = 300, 20, "1", 1_000
NIGHTS = {"tie": 10_000, "situbondo-2019": 10_000, "clear": 2_000, "ciamis-2024": 2_000, "gianyar-2019": 2_000}
ERRORS = (0.001, 0.05)


class Race(NamedTuple):
    """Votes of the true first less those of the second (or less half of the valid votes), and the design."""

    lead: np.ndarray
    valid: np.ndarray
    codes: np.ndarray
    size: np.ndarray
    parents: list[np.ndarray]
    allocation: np.ndarray
    bound: np.ndarray

    @property
    def points(self) -> float:
        """The true lead, in points."""
        return 100 * float(self.lead.sum() / self.valid.sum())

    def last_se(self) -> float:
        """Work out the standard error of the lead with all 300 in (Cochran 1977, eq. 6.51), not in points."""
        d = self.lead - self.lead.sum() / self.valid.sum() * self.valid
        inner = np.array([d[self.codes == h].var(ddof=1) for h in range(len(self.size))])
        variance = (self.size**2 * (1 / self.allocation - 1 / self.size) * inner).sum()
        return float(np.sqrt(variance) / self.valid.sum())

    def with_lead(self, lead: float) -> "Race":
        """Change the lead in every station in proportion to its valid votes."""
        change = lead - self.lead.sum() / self.valid.sum()
        moved = self.lead + change * self.valid
        return self._replace(lead=moved, bound=np.maximum(self.bound, _largest(np.abs(moved), self)))


def main() -> None:
    """Run the races and write the results."""
    begin = time.perf_counter()
    real = {name: _race(name) for name in ("situbondo-2019", "ciamis-2024", "gianyar-2019")}
    close = real["situbondo-2019"]
    races = {
        "tie": close.with_lead(0.0),
        "situbondo-2019": close,
        "clear": close.with_lead(2.5 * 1.96 * close.last_se()),
        "ciamis-2024": real["ciamis-2024"],
        "gianyar-2019": real["gianyar-2019"],
    }
    rows = []
    for name, race in races.items():
        blocks = [_nights(race, generator(SEED, "sequential", name, str(b))) for b in range(NIGHTS[name] // BLOCK)]
        for rule in blocks[0]:
            right, wrong = (np.concatenate([block[rule][side] for block in blocks]) for side in (0, 1))
            rows.append(_row(name, race, rule, right, wrong))
    save(
        "sequential",
        {
            "design": f"n = {N}, proportional, stratified by district; random arrival; {LOOKS} looks",
            "seed": SEED,
            "seconds": round(time.perf_counter() - begin, 1),
            "rows": rows,
        },
    )


def _race(name: str) -> Race:
    contest = load_contest(SHARED / name)
    known: Population = open_population(contest)
    strata = strata_by(known.frame, "district")
    valid = known.counts.valid
    lead = known.numerators[:, -1]
    if contest.about.rule == "single-candidate":
        lead = known.counts.votes[:, known.order[0]] - 0.5 * valid
    allocation = proportional(N, strata.size)
    roll = np.nan_to_num(known.frame.registered, nan=0.0)
    codes = strata.codes
    most = np.array([roll[codes == h].max() for h in range(len(strata.size))]) * (1 + contest.returns.allowance)
    race = Race(lead, valid, codes, strata.size, list(strata.parents), allocation, most)
    # a station without a roll may hold more than the largest roll of its kecamatan says: the bound has to hold
    return race._replace(bound=np.maximum(most, _largest(np.abs(lead), race)))


def _largest(values: np.ndarray, race: Race) -> np.ndarray:
    return np.array([values[race.codes == h].max() for h in range(len(race.size))])


def _nights(race: Race, rng: np.random.Generator) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Say at which look each rule first calls the right and the wrong one, on each night; 0 is never."""
    drawn = selection.stratified(race.codes, race.allocation, rng, BLOCK)
    stratum = race.codes[drawn[0]]
    arrival = rng.permuted(np.broadcast_to(np.arange(1, N + 1), (BLOCK, N)), axis=1)
    lead, valid = race.lead[drawn], race.valid[drawn]
    z, fraction = np.empty((BLOCK, LOOKS)), np.empty((BLOCK, LOOKS))
    for k in range(LOOKS):
        z[:, k], fraction[:, k] = _look(race, stratum, lead, valid, arrival <= (k + 1) * N // LOOKS)
    fraction = np.maximum.accumulate(fraction, axis=1)
    m = N * np.arange(1, LOOKS + 1) / LOOKS
    total = race.size.sum()
    planned = (1 / N - 1 / total) / (1 / m - 1 / total)
    needed = {"interval 95 %": np.full(LOOKS, 1.959964), "once 0.001": np.full(LOOKS, 3.090232)}
    for error in ERRORS:
        needed |= {
            f"continuous O'Brien-Fleming {error}": continuous(fraction, error),
            f"Lan-DeMets O'Brien-Fleming {error}": boundaries(planned, error),
            f"Lan-DeMets Pocock {error}": boundaries(planned, error, "pocock"),
            f"mixture {error}": mixture_multiplier(fraction, error),
        }
    found = {}
    for rule, bound in needed.items():
        for label, first in (("", 0), (", half in", LOOKS // 2 - 1)):
            open_ = np.arange(LOOKS) >= first
            found[rule + label] = _first((z >= bound) & open_), _first((-z >= bound) & open_)
    return found


def _look(
    race: Race, stratum: np.ndarray, lead: np.ndarray, valid: np.ndarray, seen: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Estimate the lead from what is in: its normal deviate, and the fraction of information."""
    strata = len(race.size)
    count = stratum_sums(seen[..., None], stratum, strata)[..., 0]
    group = collapse(count, race.size, race.parents)
    size, inside = (
        stratum_sums(np.broadcast_to(part, count.shape)[..., None], group, strata)[..., 0]
        for part in (race.size, count)
    )
    own = group[..., stratum]
    weight = np.where(seen, np.take_along_axis(size / np.maximum(inside, 1), own, axis=-1), 0.0)
    structure = Structure(weight, own, size)
    linear = ratio(lead[..., None], valid, weight)
    variance = stratified(linear.expanded, structure)[..., 0, 0]
    deviate = normal_deviate(linear.theta[..., 0] / np.sqrt(variance), structure.df())
    return deviate, _information(linear.expanded, structure)


def _information(expanded: np.ndarray, structure: Structure) -> np.ndarray:
    """Estimate the part of the whole sample's information that is in, with the strata's variances of what is in."""
    m, n, size = np.maximum(structure.count(), 1), structure.drawn(), structure.size
    parts = []
    for left in (np.maximum(1 - m / np.maximum(size, m), 0), np.maximum(m / n - m / np.maximum(size, m), 0)):
        factor = per_station(left * m / np.maximum(m - 1, 1), structure.stratum)
        total = squares(expanded, structure.stratum, structure.strata, structure.inside, factor)
        parts.append(total[..., 0, 0])
    return np.where(parts[0] > 0, np.minimum(parts[1] / np.where(parts[0] > 0, parts[0], 1.0), 1.0), 1.0)


def _first(called: np.ndarray) -> np.ndarray:
    return np.where(called.any(axis=-1), called.argmax(axis=-1) + 1, 0)


def _row(name: str, race: Race, rule: str, right: np.ndarray, wrong: np.ndarray) -> dict[str, object]:
    """Compose a row; the wrong one of a tie is the second."""
    ever, low, high = proportion(wrong > 0)
    called, called_low, called_high = proportion(right > 0)
    when = np.where(right > 0, right, np.inf)
    median = float(np.median(when))
    return {
        "race": name,
        "lead_points": round(race.points, 3),
        "lead_in_last_se": round(race.points / 100 / race.last_se(), 2),
        "rule": rule,
        "nights": len(right),
        "wrong": round(ever, 5),
        "wrong_low": round(low, 5),
        "wrong_high": round(high, 5),
        "right": round(called, 4),
        "right_low": round(called_low, 4),
        "right_high": round(called_high, 4),
        "median_percent_in": None if np.isinf(median) else round(100 * median / LOOKS, 1),
    }


if __name__ == "__main__":
    main()
