"""How a backtest is said: its methods, its order of arrival, its numbers, and the command that repeats it."""

import json
import math
import shlex
from collections.abc import Mapping, Sequence

import pandas as pd

from estimation.contest import Contest
from estimation.simulation.backtest import estimate_values
from estimation.simulation.backtest.backtest_record import BacktestRecord, chance_band
from estimation.words import Words

HASHES = ("frame_sha256", "baseline_sha256", "official_sha256")
ARRIVALS = ("random", "size", "distance", "area", "village", "missing", "adverse", "log_logistic")


def estimator_label(words: Words, estimator: str) -> str:
    """Name an estimator."""
    return words("backtest.auto" if estimator == "auto" else f"estimator.{estimator.replace('-', '_')}")


def arrival_order(words: Words, name: str) -> str:
    """Say in which order returns came in; what is no model is a column of the official file."""
    word = name.partition("=")[0].strip().replace("-", "_")
    return words(f"backtest.arrival_{word if word in ARRIVALS else 'other'}", name=name)


def part_list(words: Words, parts: pd.Series) -> str:
    """List parts of the returns, each once, ``5 %, 10 %``."""
    return ", ".join(words.level(part) for part in sorted(set(parts.tolist())))


def rate_text(words: Words, value: float) -> str:
    """Write a rate as a percentage, and a dash where there is none."""
    return words.percent(value) if math.isfinite(value) else "–"


def bounds(words: Words, low: float, high: float) -> str:
    """Write bounds of a rate in percent, without the sign, ``88.7 – 98.4``."""
    return f"{words.points(low)} – {words.points(high)}" if math.isfinite(low) else "–"


def provenance_items(words: Words, contest: Contest, record: BacktestRecord, where: str = "") -> list[tuple[str, str]]:
    """List where the numbers come from: contest, design, settings, seed, version, command, each with its name.

    Where the contest's ``[estimate]`` is no longer what it was, what it says now is listed too, as the command
    takes that.
    """
    r, w = record, words
    held = settings(r.estimate) if r.estimate else w("backtest.estimate_unknown")
    now = estimate_values(contest.estimate)
    changed = {name: now.get(name) for name, value in r.estimate.items() if now.get(name) != value}
    return [
        (w("provenance.contest"), r.contest + (f" ({where})" if where else "")),
        (w("backtest.design"), f"n = {r.n}, {r.method}" + (f" ({r.strata})" if r.strata else "")),
        (w("provenance.estimator"), ", ".join(r.estimators)),
        (w("backtest.estimate"), held),
        *([(w("backtest.estimate_now"), settings(changed, blank=True))] if changed else []),
        (w("backtest.arrival"), r.arrival),
        (w("provenance.level"), w.level(r.level)),
        *((w(f"provenance.{name}"), r.inputs[name]) for name in HASHES if name in r.inputs),
        (w("provenance.seed"), r.seed),
        (w("provenance.version"), r.version),
        (w("provenance.command"), backtest_command(contest, r, where)),
    ]


def settings(values: Mapping[str, object], *, blank: bool = False) -> str:
    """Write keys of ``[estimate]`` as TOML has them, ``delta = 0.05, phi = [0.04, 0.06]``.

    Parameters
    ----------
    blank : bool
        Name the keys without a value too; TOML has no word for them.
    """
    return ", ".join(
        f"{name} = {'–' if value is None else json.dumps(value, ensure_ascii=False)}"
        for name, value in values.items()
        if blank or value is not None
    )


def backtest_command(contest: Contest, record: BacktestRecord, where: str = "") -> str:
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


def coverage_comments(
    words: Words, record: BacktestRecord, groups: Sequence[tuple[str, pd.DataFrame]], delta: float
) -> list[str]:
    """Say what covers more or less than it promises, and why.

    Parameters
    ----------
    groups : sequence of (str, pandas.DataFrame)
        Shares of one size pooled, with the key of their name; the first are the ones whose silence is told.
    delta : float
        The predictor's allowance for the bias of early returns that was in force.
    """
    r, w, level = record, words, words.level(record.level)
    lines = []
    for group, pooled in groups:
        outside = {"over": pooled["coverage_low"] > r.level, "under": pooled["coverage_high"] < r.level}
        for key, there in outside.items():
            said = [
                w("backtest.group_of", method=estimator_label(w, str(name)), parts=part_list(w, rows["received"]))
                for name, rows in pooled[there].groupby("estimator", sort=False)
            ]
            line = w(f"backtest.{key}", group=w(group), level=level, rows="; ".join(said) or w("backtest.none"))
            lines.append(line[:1].upper() + line[1:])
    if any(name in ("multilevel", "auto") for name in r.estimators):
        lines.append(w("backtest.why_model", delta=w.decimal(delta, 2)))
        lines.append(w("backtest.why_random" if r.arrival == "random" else "backtest.why_order"))
    if any(name != "multilevel" for name in r.estimators):
        lines.append(w("backtest.why_weights"))
    own = groups[0][1]
    silent = [
        w(
            "backtest.silent_row",
            method=estimator_label(w, str(row["estimator"])),
            part=w.level(row["received"]),
            count=w.whole(r.replicates - row["nights"]),
            nights=w.whole(r.replicates),
        )
        for row in own[own["nights"] < r.replicates].to_dict("records")
    ]
    lines += [w("backtest.silent", rows="; ".join(silent))] if silent else []
    low, high = (w.percent(bound) for bound in chance_band(r.level, r.replicates))
    return [*lines, w("backtest.many", nights=w.whole(r.replicates), level=level, low=low, high=high)]
