"""From replayed nights to a table: coverage, width, bias, and calls."""

import numpy as np
import pandas as pd

from estimation.arrays import Array, BoolArray
from estimation.simulation.backtest.replay import BacktestPlan, Replay, true_quantities
from estimation.simulation.population import NOTHING, Population, proportion


def tabulate(population: Population, plan: BacktestPlan, replay: Replay) -> pd.DataFrame:
    """Judge every estimator at every part of the returns, for every quantity.

    Returns
    -------
    pandas.DataFrame
        One row for each part, estimator and quantity: ``received``, ``estimator``, ``quantity``, ``truth``, ``bias``,
        ``true_se`` (standard deviation over nights), ``mean_se`` (root of the mean variance), ``coverage`` with its
        exact binomial bounds of 95 % (Clopper and Pearson 1934), ``half_width``, ``interval_score`` (Gneiting and
        Raftery 2007, eq. 43: width + 2/α times what the truth lies outside), ``nights`` that say anything,
        ``design``, ``n``, ``arrival``. For the lead also ``call_rate`` (at that moment), ``wrong_call_rate`` and
        ``never_called_rate`` (up to that moment, of all nights).
    """
    names, truth = true_quantities(population)
    design = plan.design
    label = design.method + (f" ({design.strata})" if design.strata else "")
    tail = {"design": label, "n": design.n, "arrival": plan.arrival}
    rows = []
    for p, part in enumerate(plan.received):
        for e, estimator in enumerate(plan.estimators):
            so_far = replay.called[:, e, : p + 1], replay.wrong[:, e, : p + 1]
            for q, quantity in enumerate(names):
                if np.isnan(truth[q]):
                    continue
                head = {"received": part, "estimator": estimator, "quantity": quantity, "truth": float(truth[q])}
                theta, variance, low, high = (values[:, e, p, q] for values in replay[:4])
                calls = _calls(*so_far) if quantity == "lead" else {}
                rows.append(
                    head | judge_quantity(theta, variance, low, high, float(truth[q]), plan.level) | tail | calls
                )
    return pd.DataFrame(rows)


def judge_quantity(
    theta: Array, variance: Array, low: Array, high: Array, truth: float, level: float
) -> dict[str, float]:
    """Judge one quantity over the nights that say anything of it; NaN where fewer than two do."""
    estimated = np.isfinite(theta) & np.isfinite(low) & np.isfinite(high)
    theta, variance, low, high = theta[estimated], variance[estimated], low[estimated], high[estimated]
    count = len(theta)
    if count < 2:
        blank = dict.fromkeys(("bias", "true_se", "mean_se", "coverage", "coverage_low", "coverage_high"), np.nan)
        return blank | {"half_width": np.nan, "interval_score": np.nan, "nights": count}
    held = (low <= truth + NOTHING) & (truth - NOTHING <= high)
    coverage, coverage_low, coverage_high = proportion(held)
    return {
        "bias": float(theta.mean() - truth),
        "true_se": float(theta.std(ddof=1)),
        "mean_se": float(np.sqrt(np.maximum(variance.mean(), 0.0))),
        "coverage": coverage,
        "coverage_low": coverage_low,
        "coverage_high": coverage_high,
        "half_width": float((high - low).mean() / 2),
        "interval_score": float(interval_score(low, high, truth, level).mean()),
        "nights": count,
    }


def interval_score(low: Array, high: Array, truth: Array | float, level: float) -> Array:
    """Score intervals, less is better: width + 2/α (low - y)⁺ + 2/α (y - high)⁺ (Gneiting and Raftery 2007, eq. 43)."""
    miss = np.maximum(low - truth, 0) + np.maximum(truth - high, 0)
    return np.asarray(high - low + 2 / (1 - level) * miss)


def _calls(called: BoolArray, wrong: BoolArray) -> dict[str, float]:
    """Say how often somebody is called now, and by now was called wrongly or never; (b, P) up to now."""
    return {
        "call_rate": float(called[:, -1].mean()),
        "wrong_call_rate": float(wrong.any(axis=1).mean()),
        "never_called_rate": float((~called.any(axis=1)).mean()),
    }


def first_calls(plan: BacktestPlan, replay: Replay) -> dict[str, float | None]:
    """Give the median part of the returns at the first right call, by estimator; None where most nights have none."""
    right = replay.called & ~replay.wrong
    parts = np.append(plan.received, np.inf)
    found: dict[str, float | None] = {}
    for e, name in enumerate(plan.estimators):
        ever = right[:, e].any(axis=1)
        first = np.where(ever, right[:, e].argmax(axis=1), len(plan.received))
        middle = float(np.quantile(parts[first], 0.5, method="lower"))
        found[name] = middle if np.isfinite(middle) else None
    return found
