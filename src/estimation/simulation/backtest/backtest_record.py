"""A backtest as its JSON holds it, and what is pooled from it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from estimation.errors import EstimationError
from estimation.survey.intervals import exact_binomial

SCHEMA = "backtest/1"
LARGE = 0.12  # shares from here on are pooled by themselves: smaller ones are skew, and few stations decide them
EXACT = 0.95  # level of the exact bounds of coverage and calls
_TEXT = ("estimator", "quantity", "design", "arrival")
_JUDGED = ("received", "truth", "bias", "true_se", "mean_se", "coverage", "half_width", "interval_score", "nights", "n")
_NUMBERS = (*_JUDGED, "call_rate", "wrong_call_rate", "never_called_rate")


@dataclass(frozen=True, slots=True)
class BacktestRecord:
    """A finished backtest.

    Attributes
    ----------
    contest, seed, version : str
    replicates : int
        Nights.
    level : float
    stations, left_out : int
        Stations with an official count, and those of the frame without one.
    first_right_call : mapping of str to float or None
        Median part of the returns at the first right call, by estimator; None where most nights have none.
    rows : pandas.DataFrame
        As :func:`estimation.simulation.backtest.tabulate` gives it.
    document : mapping
        The JSON itself.
    where : str or None
        The area that it was restricted to.
    estimate : mapping of str to value
        ``[estimate]`` as it was in force; empty where the document is older than that, and nothing is known of it.
    inputs : mapping of str to str
        Hashes of frame, official result and earlier election; empty where the document is older.
    """

    contest: str
    seed: str
    version: str
    replicates: int
    level: float
    stations: int
    left_out: int
    first_right_call: Mapping[str, float | None]
    rows: pd.DataFrame
    document: Mapping[str, object]
    where: str | None = None
    estimate: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def parts(self) -> list[float]:
        """Parts of the returns, ascending."""
        return sorted(float(part) for part in self.rows["received"].unique())

    @property
    def estimators(self) -> list[str]:
        """Names in the order in which they were asked for."""
        return [str(name) for name in self.rows["estimator"].unique()]

    @property
    def method(self) -> str:
        """How stations were drawn."""
        return str(self.rows["design"].iloc[0]).partition(" (")[0]

    @property
    def strata(self) -> str:
        """Columns of the strata; blank where there are none."""
        return str(self.rows["design"].iloc[0]).partition(" (")[2].removesuffix(")")

    @property
    def n(self) -> int:
        """Stations drawn."""
        return int(self.rows["n"].iloc[0])

    @property
    def arrival(self) -> str:
        """The order of arrival by name."""
        return str(self.rows["arrival"].iloc[0])

    def nearest(self, part: float) -> float:
        """Find the part of the returns next to one; of two the smaller."""
        return min(self.parts, key=lambda own: (abs(own - part), own))

    def pooled(self, *, large: bool = True, against: str = "ratio") -> pd.DataFrame:
        """Pool the shares of ``LARGE`` and more, or the smaller ones; empty where there are none.

        Parameters
        ----------
        against : str
            The estimator whose interval score is 1.

        Returns
        -------
        pandas.DataFrame
            One row for each part and estimator: ``received``, ``estimator``, ``coverage`` (mean over nights and
            shares) with exact bounds ``coverage_low`` and ``coverage_high`` for the number of nights, not of nights
            times shares, as the shares of one night err together; ``half_width``, ``score`` (interval score over that
            of `against`), ``bias`` (mean of its size, as signed ones cancel), ``true_se`` and ``mean_se`` (roots of
            mean squares), ``nights`` that say anything of the share of which most do.
        """
        rows = self.rows[self.rows["quantity"].str.startswith("share:")]
        rows = rows[(rows["truth"] >= LARGE) == large]
        records = []
        for _, group in rows.groupby(["received", "estimator"], sort=False):
            nights, coverage = int(group["nights"].max()), _mean(group["coverage"])
            low, high = exact_binomial(coverage, nights)
            records.append(
                {
                    "received": float(group["received"].iloc[0]),
                    "estimator": str(group["estimator"].iloc[0]),
                    "coverage": coverage,
                    "coverage_low": low,
                    "coverage_high": high,
                    "half_width": _mean(group["half_width"]),
                    "interval_score": _mean(group["interval_score"]),
                    "bias": _mean(group["bias"].abs()),
                    "true_se": _mean(group["true_se"] ** 2) ** 0.5,
                    "mean_se": _mean(group["mean_se"] ** 2) ** 0.5,
                    "nights": nights,
                }
            )
        table = pd.DataFrame(records)
        if table.empty:
            return table
        base = table[table["estimator"] == against].set_index("received")["interval_score"]
        below = table["received"].map(base).to_numpy(dtype=np.float64)
        scores = table["interval_score"].to_numpy(dtype=np.float64)
        score = np.divide(scores, below, out=np.full(len(scores), np.nan), where=below > 0)
        return table.assign(score=score)

    def calls(self) -> pd.DataFrame:
        """Give calls by part and estimator: ``called`` now; ``wrong`` so far, nights, with exact bounds; ``never``."""
        lead = self.rows[self.rows["quantity"] == "lead"]
        wrong = lead["wrong_call_rate"].to_numpy(dtype=np.float64)
        bounds = np.array([exact_binomial(rate, self.replicates) for rate in wrong.tolist()]).reshape(-1, 2)
        return pd.DataFrame(
            {
                "received": lead["received"].to_numpy(),
                "estimator": lead["estimator"].to_numpy(),
                "called": lead["call_rate"].to_numpy(),
                "wrong": np.rint(wrong * self.replicates).astype(np.intp),
                "wrong_low": bounds[:, 0],
                "wrong_high": bounds[:, 1],
                "never": lead["never_called_rate"].to_numpy(),
            }
        )


def backtest_record_of(document: Mapping[str, object], where: str = "the backtest") -> BacktestRecord:
    """Take the JSON of a backtest apart; of an older one, without ``where``, ``estimate`` and ``inputs``, what it has.

    Parameters
    ----------
    where : str
        Names it in an error.

    Raises
    ------
    EstimationError
        It is no ``backtest/1``, or something is missing in it.
    """
    if not isinstance(document, Mapping) or document.get("schema") != SCHEMA:
        schema = document.get("schema") if isinstance(document, Mapping) else None
        raise EstimationError(
            f"{where}: schema {schema!r} where '{SCHEMA}' was expected: make one with quickcount backtest --json"
        )
    cells = document.get("rows")
    rows = pd.DataFrame(cells if isinstance(cells, list) else [])
    names = ("contest", "seed", "version", "replicates", "level", "stations", "left_out", "first_right_call")
    missing = [name for name in names if name not in document] + sorted({*_TEXT, *_NUMBERS} - set(rows.columns))
    if missing:
        raise EstimationError(f"{where}: {', '.join(missing)} missing: make it anew with quickcount backtest --json")
    area, estimate, inputs = document.get("where"), document.get("estimate", {}), document.get("inputs", {})
    if not isinstance(area, str | None) or not isinstance(estimate, Mapping) or not isinstance(inputs, Mapping):
        raise EstimationError(
            f"{where}: 'where' is an area or null, 'estimate' and 'inputs' are tables of keys, not {area!r}, "
            f"{estimate!r} and {inputs!r}: make it anew with quickcount backtest --json"
        )
    rows = rows.astype(dict.fromkeys(_NUMBERS, np.float64))
    held: Mapping[str, object] = {name: document[name] for name in names}
    return BacktestRecord(**held, rows=rows, document=document, where=area, estimate=estimate, inputs=inputs)  # type: ignore[arg-type]


def read_backtest_record(path: Path) -> BacktestRecord:
    """Read the JSON that ``quickcount backtest --json`` wrote.

    Raises
    ------
    EstimationError
        The file can't be read, or is no backtest.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EstimationError(
            f"{path}: the results of a backtest can't be read ({error}): give the file that quickcount backtest --json "
            "wrote"
        ) from error
    return backtest_record_of(document, str(path))


def chance_band(level: float, nights: int) -> tuple[float, float]:
    """Say between which rates the coverage of a right method falls in 95 of 100 backtests of so many nights."""
    from scipy.stats import binom

    if not nights:
        return np.nan, np.nan
    tail = (1 - EXACT) / 2
    return float(binom.ppf(tail, nights, level) / nights), float(binom.ppf(1 - tail, nights, level) / nights)


def _mean(values: pd.Series) -> float:
    """Average what is there; NaN where nothing is."""
    there = values.to_numpy(dtype=np.float64)
    there = there[np.isfinite(there)]
    return float(there.mean()) if len(there) else np.nan
