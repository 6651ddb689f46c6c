"""Small elections made to order, and the predictor written once more, straight from its formulas."""

from collections.abc import Callable
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from estimation.frame import Frame
from estimation.returns import Counts
from estimation.rules import Findings


class World(NamedTuple):
    """A frame, and what every station counts; arrays of shape (N, …)."""

    frame: Frame
    votes: np.ndarray
    invalid: np.ndarray
    registered: np.ndarray

    def counts(self, rows: np.ndarray, seen: np.ndarray) -> Counts:
        """What the drawn stations say, NaN or 0 where they are not in."""
        ballots = self.votes.sum(axis=-1) + self.invalid
        return Counts(
            np.where(seen[..., None], self.votes[rows], 0.0),
            np.where(seen, self.invalid[rows], np.nan),
            np.where(seen, ballots[rows], np.nan),
            self.registered[rows],
            seen,
            np.zeros_like(seen),
        )

    @property
    def shares(self) -> np.ndarray:
        return self.votes.sum(axis=0) / self.votes.sum()


def make_world(
    villages: tuple[tuple[int, ...], ...] = ((4, 6, 1), (5, 5), (7, 3, 4)),
    shares: tuple[float, ...] = (0.5, 0.3, 0.2),
    *,
    seed: int = 1,
    unknown: int = 0,
    columns: dict[str, Any] | None = None,
) -> World:
    """Districts of villages of so many stations, areas that differ; the roll of the last `unknown` is not known."""
    rng = np.random.default_rng(seed)
    table, logits = [], []
    base = np.log(shares)
    for d, district in enumerate(villages):
        of_district = rng.normal(0, 0.4, len(shares))
        for v, stations in enumerate(district):
            of_village = of_district + rng.normal(0, 0.3, len(shares))
            for s in range(stations):
                table.append(("P", "R", f"D{d}", f"V{v}", f"{s + 1:03d}", float(rng.integers(150, 600))))
                logits.append(base + of_village + rng.normal(0, 0.2, len(shares)))
    frame = pd.DataFrame(table, columns=["province", "regency", "district", "village", "tps", "registered"])
    for name in ("province", "regency", "district", "village"):
        frame[name] = frame[name].astype("category")
    frame.insert(0, "tps_id", [f"{i:05d}" for i in range(len(frame))])
    roll = frame["registered"].to_numpy()
    chance = np.exp(logits)
    chance /= chance.sum(axis=1, keepdims=True)
    ballots = rng.binomial(roll.astype(int), np.clip(rng.normal(0.75, 0.06, len(roll)), 0, 1))
    invalid = rng.binomial(ballots, 0.03)
    votes = np.array([rng.multinomial(b - i, c) for b, i, c in zip(ballots, invalid, chance, strict=True)])
    known = np.where(np.arange(len(roll)) < len(roll) - unknown, roll, np.nan)
    frame = frame.assign(registered=known, **(columns or {}))
    return World(Frame(frame, "0" * 64, Findings.none()), votes.astype(float), invalid.astype(float), known)


@pytest.fixture(scope="session")
def world() -> Callable[..., World]:
    return make_world


class Dense(NamedTuple):
    """What the reference says of one family: estimates, margins' variances and degrees of freedom."""

    theta: np.ndarray
    variance: np.ndarray
    df: np.ndarray


def dense(
    population: np.ndarray,
    x: np.ndarray,
    covariates: np.ndarray,
    levels: list[np.ndarray],
    rows: np.ndarray,
    numerators: np.ndarray,
    whole: np.ndarray | None,
    v: np.ndarray,
    share_in: float,
    c: Any,
) -> Dense:
    """Predict ratios from stations `rows` with full matrices, in loops: no tree, no elimination, no batches.

    Parameters
    ----------
    population : bool, (N,)
        Stations whose total is predicted.
    x, covariates, levels
        Of all N stations; group codes from the widest level to the finest.
    numerators : (n, q), whole : (n,) or None
        Counts of the stations in; None: the ratio is to Σ x.
    v : (n,)
        Centred place in the order of arrival.
    """
    n = len(rows)
    mean = x[population].mean()
    omega = (x / mean) ** c.kappa
    fixed = np.column_stack([np.ones(len(x)), covariates])
    out = population.copy()
    out[rows] = False
    observed = [np.unique(codes[rows]) for codes in levels]
    W = np.column_stack(
        [fixed[rows], *[codes[rows][:, None] == found for codes, found in zip(levels, observed, strict=True)], v]
    )
    add = np.concatenate(
        [
            fixed[out].T @ x[out],
            *[
                np.array([x[out & (codes == g)].sum() for g in found])
                for codes, found in zip(levels, observed, strict=True)
            ],
            [-(x[rows] * v).sum()],
        ]
    )
    hidden = [
        sum(x[out & (codes == g)].sum() ** 2 for g in np.unique(codes[population]) if g not in found)
        for codes, found in zip(levels, observed, strict=True)
    ]
    Om = np.diag(omega[rows])
    points = []
    for lam in product(c.grid, repeat=len(levels)):
        prior = [[0.0], np.ones(covariates.shape[1])]
        prior += [np.full(len(found), 1 / one) for found, one in zip(observed, lam, strict=True)]
        C = W.T @ Om @ W + np.diag(np.concatenate([*prior, [1 / c.tau**2]]))
        spread = add @ np.linalg.solve(C, add) + (x[out] ** 2 / omega[out]).sum()
        spread += sum(one * total for one, total in zip(lam, hidden, strict=True))
        log_prior = -0.5 * np.linalg.slogdet(C)[1]
        for one, found in zip(lam, observed, strict=True):
            log_prior += -0.5 * len(found) * np.log(one) + 0.5 * np.log(one) - np.log1p(one / c.area_scale**2)
        points.append((C, spread, log_prior))
    nu = n - 1 + c.nu0
    bar = omega[rows].mean()

    def phi(theta: np.ndarray) -> np.ndarray:
        return c.phi[0] + c.phi[1] * (1 - 4 * theta * (1 - theta))

    def solve(counts: np.ndarray, scale: float, s0: np.ndarray) -> tuple[Any, ...]:
        """Mix the predicted total of each column over the grid, in units of `scale`."""
        r = counts / x[rows][:, None]
        totals, s2s, logs, leftover = [], [], [], []
        for C, _, log_prior in points:
            coef = np.linalg.solve(C, W.T @ Om @ r)
            s2 = ((r.T @ Om @ r - coef.T @ W.T @ Om @ r) + c.nu0 * np.diag(s0) * bar) / nu
            totals.append((counts.sum(axis=0) + add @ coef) / scale)
            s2s.append(s2)
            logs.append(log_prior - nu / 2 * np.log(np.diag(s2)).mean())
            leftover.append(np.sqrt(omega[rows])[:, None] * (r - W @ coef))
        weight = np.exp(np.array(logs) - max(logs))
        weight /= weight.sum()
        return np.array(totals), np.array(s2s), weight, leftover[int(np.argmax(logs))]

    X = x[population].sum()
    if whole is None:
        theta0, scale = np.zeros(numerators.shape[1]), X
        s0 = c.turnout_variance * (numerators.sum(axis=0) / x[rows].sum()) ** 2
        rounds = 1
    else:
        rate = whole.sum() / x[rows].sum()
        total, _, weight, _ = solve(whole[:, None], 1.0, np.array([c.turnout_variance * rate**2]))
        scale = float(weight @ total[:, 0])
        start = (numerators.sum(axis=0) + 1) / (whole.sum() + 2)
        s0 = phi(start) * start * (1 - start) * rate**2
        theta0 = np.clip(numerators.sum(axis=0) / whole.sum(), 1e-4, 1 - 1e-4)
        rounds = 2
    for turn in range(rounds):
        d = numerators if whole is None else numerators - theta0 * whole[:, None]
        each, s2s, weight, left = solve(d, scale, s0)
        theta = theta0 + weight @ each
        if turn < rounds - 1:
            theta0 = np.clip(theta, 1e-4, 1 - 1e-4)
    ratios = nu / (nu - 2) * np.array([spread for _, spread, _ in points]) / scale**2
    own = np.array([np.diag(s2) for s2 in s2s])
    variance = weight @ (own * ratios[:, None] + (each - weight @ each) ** 2)
    sigma2 = weight @ own
    bias2 = (c.delta * (1 - share_in) * X / scale) ** 2
    if whole is not None:
        rest = max(scale - whole.sum(), 0)
        theta = (
            numerators.sum(axis=0) + np.maximum(theta * scale - numerators.sum(axis=0), rest / (whole.sum() + 2))
        ) / scale
        theta = theta / theta.sum() if len(theta) > 1 else theta
        held = np.clip(theta, 1 / (whole.sum() + 2), 1 - 1 / (whole.sum() + 2))
        s0 = phi(held) * held * (1 - held) * rate**2
    centred = left - left.mean(axis=0)
    excess = (centred**4).mean(axis=0) / np.maximum((centred**2).mean(axis=0) ** 2, 1e-300) - 3
    kd = np.maximum(np.minimum(nu, 2 / (2 / n + np.maximum(excess, 0) / n)), 3)
    inflation = np.maximum(1, (kd * sigma2 + c.nu0 * s0) / ((kd + c.nu0) * sigma2))
    return Dense(theta, inflation * (variance + bias2 * sigma2), kd + c.nu0)


@pytest.fixture(scope="session")
def reference() -> Callable[..., Dense]:
    return dense
