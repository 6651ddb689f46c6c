"""What a backtest's coverage says: what is above or below its level by more than chance, and why."""

from collections.abc import Sequence

import pandas as pd

from estimation.publish.backtest_report.words import method_name, part_list
from estimation.simulation.backtest.record import Record, chance_band
from estimation.words import Words


def reading(words: Words, record: Record, groups: Sequence[tuple[str, pd.DataFrame]], delta: float) -> list[str]:
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
                w("backtest.group_of", method=method_name(w, str(name)), parts=part_list(w, rows["received"]))
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
            method=method_name(w, str(row["estimator"])),
            part=w.level(row["received"]),
            count=w.whole(r.replicates - row["nights"]),
            nights=w.whole(r.replicates),
        )
        for row in own[own["nights"] < r.replicates].to_dict("records")
    ]
    lines += [w("backtest.silent", rows="; ".join(silent))] if silent else []
    low, high = (w.percent(bound) for bound in chance_band(r.level, r.replicates))
    return [*lines, w("backtest.many", nights=w.whole(r.replicates), level=level, low=low, high=high)]
