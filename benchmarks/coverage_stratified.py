"""Coverage of the combined ratio's t intervals: 10,000 stratified samples of a real race.

Situbondo 2019, n = 300 in proportion by kecamatan, everything in. Each sample goes through the functions that a
projection uses, with the samples on a leading axis.
"""

import time

import numpy as np
import pandas as pd
from machine import SHARED, save
from scipy.stats import binom

from estimation.contest import load_contest
from estimation.estimators import combined_ratio
from estimation.frame import load_frame
from estimation.returns import Counts
from estimation.sampling import proportional, selection, strata_by
from estimation.seeds import generator
from estimation.survey import Structure

CONTEST, N, LEVEL, SEED = "situbondo-2019", 300, 0.95, "1"
REPLICATES, BLOCK = 10_000, 1_000


def main() -> None:
    """Draw, estimate, and write the results."""
    contest = load_contest(SHARED / CONTEST)
    frame = load_frame(contest)
    official = pd.read_csv(SHARED / CONTEST / "official.csv", dtype={"tps_id": str})
    rows = frame.rows_of(official["tps_id"])
    assert sorted(rows.tolist()) == list(range(len(frame))), "every station of the frame has an official row"
    table = official.iloc[np.argsort(rows)]
    votes = table[contest.vote_columns].to_numpy(dtype=np.float64)
    invalid = table["invalid"].to_numpy(dtype=np.float64)
    everybody = _counts(votes, invalid, frame.registered)
    strata = strata_by(frame, "district")
    allocation = proportional(N, strata.size)
    numbers = [candidate.number for candidate in contest.candidates]

    truth = _population(everybody, strata.codes, strata.size, allocation)
    begin = time.perf_counter()
    theta, variance, covered = [], [], []
    for block in range(REPLICATES // BLOCK):
        drawn = selection.stratified(strata.codes, allocation, generator(SEED, "coverage", str(block)), BLOCK)
        structure = Structure((strata.size / allocation)[strata.codes[drawn]], strata.codes[drawn[0]], strata.size)
        seen = _counts(votes[drawn], invalid[drawn], frame.registered[drawn])
        estimate = combined_ratio(seen, structure, numbers)
        lead = estimate.contrast({"share:1": 1, "share:2": -1}, "lead")
        parts = [estimate.select(["share:1", "turnout", "invalid"]), lead]
        theta.append(np.concatenate([part.theta for part in parts], axis=-1))
        variance.append(np.concatenate([part.variance for part in parts], axis=-1))
        bounds = [part.interval(LEVEL, "t") for part in parts]
        low, high = (np.concatenate([getattr(b, end) for b in bounds], axis=-1) for end in ("low", "high"))
        true = np.array([truth[name][0] for name in truth])
        covered.append((low <= true) & (true <= high))
    seconds = time.perf_counter() - begin
    save(
        "coverage_stratified",
        {
            "population": f"{CONTEST}: all {len(frame):,} official stations",
            "design": f"n = {N}, proportional, {len(strata.size)} strata (district)",
            "seed": SEED,
            "replicates": REPLICATES,
            "level": LEVEL,
            "seconds": round(seconds, 2),
            "coverage_band_99": [round(float(v), 4) for v in binom.ppf([0.005, 0.995], REPLICATES, LEVEL) / REPLICATES],
            "rows": [
                _row(name, *truth[name], *(np.concatenate(part)[:, j] for part in (theta, variance, covered)))
                for j, name in enumerate(truth)
            ],
        },
    )


def _counts(votes: np.ndarray, invalid: np.ndarray, registered: np.ndarray) -> Counts:
    seen = np.ones(invalid.shape, dtype=np.bool_)
    return Counts(votes, invalid, votes.sum(axis=-1) + invalid, registered, seen, ~seen)


def _population(
    counts: Counts, codes: np.ndarray, size: np.ndarray, allocation: np.ndarray
) -> dict[str, tuple[float, float]]:
    """Work out the truth and the exact linearised variance of each quantity.

    Σ_h N_h² (1/n_h - 1/N_h) S²_d,h / X² with d = y - θ x (Cochran 1977, eq. 6.51).
    """
    known = np.isfinite(counts.registered)
    ballots, registered = np.where(known, counts.ballots, 0), np.where(known, counts.registered, 0)
    pairs = {
        "share:1": (counts.votes[:, 0], counts.valid),
        "turnout": (ballots, registered),
        "invalid": (counts.invalid, counts.ballots),
        "lead": (counts.votes[:, 0] - counts.votes[:, 1], counts.valid),
    }
    found = {}
    for name, (y, x) in pairs.items():
        theta = float(y.sum() / x.sum())
        d = y - theta * x
        inner = np.array([d[codes == h].var(ddof=1) for h in range(len(size))])
        found[name] = theta, float((size**2 * (1 / allocation - 1 / size) * inner).sum() / x.sum() ** 2)
    return found


def _row(
    name: str, truth: float, exact: float, theta: np.ndarray, variance: np.ndarray, covered: np.ndarray
) -> dict[str, object]:
    """Compare with the truth, in points; ``_mc`` is the Monte-Carlo standard error of the number before it."""
    count, share = len(theta), float(covered.mean())
    return {
        "quantity": name,
        "truth_points": round(100 * truth, 4),
        "exact_se_points": round(100 * exact**0.5, 4),
        "empirical_se_points": round(100 * float(theta.std(ddof=1)), 4),
        "empirical_se_points_mc": round(100 * float(theta.std(ddof=1)) / (2 * (count - 1)) ** 0.5, 4),
        "bias_points": round(100 * float(theta.mean() - truth), 4),
        "bias_points_mc": round(100 * float(theta.std(ddof=1)) / count**0.5, 4),
        "mean_variance_over_exact": round(float(variance.mean()) / exact, 4),
        "mean_variance_over_exact_mc": round(float(variance.std(ddof=1)) / exact / count**0.5, 4),
        "coverage": round(share, 4),
        "coverage_mc": round((share * (1 - share) / count) ** 0.5, 4),
    }


if __name__ == "__main__":
    main()
