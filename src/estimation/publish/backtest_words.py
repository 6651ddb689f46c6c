"""How a backtest is said: its methods, its order of arrival, its numbers, and the command that repeats it."""

import math
import shlex

import pandas as pd

from estimation.contest import Contest
from estimation.publish.words import Words
from estimation.simulation.backtest.record import Record

ARRIVALS = ("random", "size", "distance", "area", "village", "missing", "adverse", "log_logistic")


def method_name(words: Words, estimator: str) -> str:
    """Name an estimator."""
    return words("backtest.auto" if estimator == "auto" else f"estimator.{estimator.replace('-', '_')}")


def arrival_order(words: Words, name: str) -> str:
    """Say in which order returns came in; what is no model is a column of the official file."""
    word = name.partition("=")[0].strip().replace("-", "_")
    return words(f"backtest.arrival_{word if word in ARRIVALS else 'other'}", name=name)


def part_list(words: Words, parts: pd.Series) -> str:
    """List parts of the returns, each once, ``5 %, 10 %``."""
    return ", ".join(words.level(part) for part in sorted(set(parts.tolist())))


def rate(words: Words, value: float) -> str:
    """Write a rate as a percentage, and a dash where there is none."""
    return words.percent(value) if math.isfinite(value) else "–"


def bounds(words: Words, low: float, high: float) -> str:
    """Write bounds of a rate in percent, without the sign, ``88.7 – 98.4``."""
    return f"{words.points(low)} – {words.points(high)}" if math.isfinite(low) else "–"


def command(contest: Contest, record: Record, where: str = "") -> str:
    """Write the command that makes the same backtest again."""
    given: dict[str, object] = {
        "n": record.n,
        "method": record.method,
        "strata": record.strata,
        "estimator": ",".join(record.estimators),
        "arrival": record.arrival,
        "received": ",".join(f"{part:g}" for part in record.parts),
        "replicates": record.replicates,
        "level": f"{record.level:g}",
        "seed": record.seed,
        "where": where,
    }
    if not record.strata and not (record.method == contest.design.method and contest.design.strata):
        del given["strata"]  # none is what the method takes by itself
    if not where:
        del given["where"]
    options = [word for name, value in given.items() for word in (f"--{name}", str(value))]
    return shlex.join(["quickcount", "backtest", record.contest, *options])
