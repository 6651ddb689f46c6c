"""From replayed cases to the scoreboard: pooled coverage, bad cells, and the interval score against the ratio's."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from cases import Case
from contenders import RULES, bounds, rules

LARGE = 0.12
USUAL = 0.05  # what is pooled over parts begins there
LEVEL = 0.95
SLACK = 1e-7  # of numbers that were kept in single precision
Held = tuple[Case, list[str], np.ndarray, dict[str, np.ndarray]]


def cells(held: Iterable[Held]) -> pd.DataFrame:
    """Judge every cell: one row for each case, candidate, part and rule.

    Interval scores are over the nights on which both the rule and ``ratio-z`` say something.
    """
    rows = []
    for case, names, truth, said in held:
        shares = np.array([j for j, name in enumerate(names) if name.startswith("share:")])
        true = truth[shares]
        found = {rule: bounds(rule, case, said, shares) for rule in rules(case)}
        plain = np.isfinite(found["ratio-z"][0])
        for rule, (low, high) in found.items():
            spoken = np.isfinite(low) & np.isfinite(high)
            inside = spoken & (low <= true + SLACK) & (true - SLACK <= high)
            both = spoken & plain
            scores = _score(low, high, true), _score(*found["ratio-z"], true)
            own, theirs = (np.where(both, value, 0).sum(axis=0) for value in scores)
            width = np.where(spoken, high - low, 0).sum(axis=0)
            for p, part in enumerate(case.parts):
                for j, column in enumerate(shares):
                    n, common = int(spoken[:, p, j].sum()), int(both[:, p, j].sum())
                    rows.append(
                        {
                            "case": case.label,
                            "election": case.election,
                            "group": case.group,
                            "method": case.method,
                            "arrival": case.arrival,
                            "name": names[column],
                            "truth": true[j],
                            "large": true[j] >= LARGE,
                            "part": part,
                            "rule": rule,
                            "nights": n,
                            "covered": int(inside[:, p, j].sum()),
                            "half_width": width[p, j] / max(n, 1) / 2,
                            "common": common,
                            "score": own[p, j] / max(common, 1),
                            "plain": theirs[p, j] / max(common, 1),
                        }
                    )
    return pd.DataFrame(rows)


def pooled(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Pool cells.

    ``score`` is the geometric mean over cells of the mean interval score relative to ratio-z's, so that large and small
    shares count alike; ``score_sum`` the sum of the scores over the sum of its, which the widest cells dominate.
    """
    table = table[table["nights"] > 0].copy()
    table["rate"] = table["covered"] / table["nights"]
    fair = (table["common"] > 0) & (table["score"] > 0) & (table["plain"] > 0)
    table["relative"] = np.where(fair, np.log(table["score"].where(fair, 1) / table["plain"].where(fair, 1)), np.nan)
    grouped = table.groupby(list(by), sort=False)
    found = pd.DataFrame(
        {
            "cells": grouped.size(),
            "coverage": grouped["covered"].sum() / grouped["nights"].sum(),
            "under_90": grouped["rate"].agg(lambda rate: (rate < 0.9).mean()),
            "under_80": grouped["rate"].agg(lambda rate: (rate < 0.8).mean()),
            "score": np.exp(grouped["relative"].mean()),
            "score_sum": grouped["score"].sum() / grouped["plain"].sum(),
            "half_width": grouped["half_width"].mean(),
        }
    )
    return found.reset_index()


def document(held: Sequence[Held]) -> dict[str, object]:
    """Compose the results: pooled tables, and the coverage of every cell for the predictor and the plain ratio."""
    table = cells(held)
    table["size"] = np.where(table["large"], "large", "small")
    usual = table[(table["part"] >= USUAL) | (table["group"] == "one percent")]
    pools = {
        "by_rule": ["group", "rule", "size"],
        "by_part": ["group", "rule", "size", "part"],
        "all_by_rule": ["rule", "size"],
    }
    written: dict[str, object] = {
        name: _plain(pooled(table if "part" in by else usual, by)) for name, by in pools.items()
    }
    rows = []
    for (label, name, group), own in table.groupby(["case", "name", "group"], sort=False):
        line: dict[str, object] = {"case": label, "group": group, "share": name, "truth": _cut(own["truth"].iloc[0])}
        for rule in ("multilevel", "ratio-z"):
            one = own[own["rule"] == rule]
            line[rule] = (one["covered"] / one["nights"].clip(lower=1)).round(3).tolist()
        one = own[own["rule"] == "multilevel"]
        line["score"] = (one["score"] / one["plain"]).round(3).tolist()
        line["half_width"] = (100 * one["half_width"]).round(3).tolist()
        rows.append(line)
    return {"benchmark": "scoreboard", **written, "leads": leads(held), "cells": rows}


def leads(held: Iterable[Held]) -> dict[str, dict[str, float]]:
    """Give the pooled coverage of the lead and of turnout by group and part, for the predictor."""
    tally: dict[str, dict[str, list[float]]] = {}
    for case, names, truth, said in held:
        e = case.estimators.index("multilevel")
        for quantity in ("lead", "turnout"):
            q = names.index(quantity)
            if not np.isfinite(truth[q]):
                continue
            for p, part in enumerate(case.parts):
                low, high = said["low"][:, e, p, q], said["high"][:, e, p, q]
                spoken = np.isfinite(low)
                held_it = spoken & (low <= truth[q] + SLACK) & (truth[q] - SLACK <= high)
                own = tally.setdefault(f"{case.group}, {quantity}", {}).setdefault(f"{part:g}", [0.0, 0.0])
                own[0] += held_it.sum()
                own[1] += spoken.sum()
    return {
        group: {part: round(hits / nights, 4) if nights else None for part, (hits, nights) in own.items()}
        for group, own in tally.items()
    }


def tables(written: Mapping[str, object]) -> str:
    """Write the tables of README.md, in Markdown."""
    by_rule, by_part = pd.DataFrame(written["by_rule"]), pd.DataFrame(written["by_part"])
    lines = []
    for size, title in (("large", "Shares of 12 % and more"), ("small", "Smaller shares")):
        own = by_rule[by_rule["size"] == size]
        if not len(own):
            continue
        rules = [rule for rule in RULES if rule in set(own["rule"])]
        lines += ["", f"**{title}**: coverage in % / cells under 90 % in % / score relative to ratio-z", ""]
        lines += ["| group (cells) | " + " | ".join(rules) + " |", "|---" * (len(rules) + 1) + "|"]
        for group, part in own.groupby("group", sort=False):
            at = part.set_index("rule")
            say = [
                f"{100 * at.loc[r, 'coverage']:.1f} / {100 * at.loc[r, 'under_90']:.0f} / {at.loc[r, 'score']:.2f}"
                if r in at.index
                else ""
                for r in rules
            ]
            lines.append(f"| {group} ({at.loc['multilevel', 'cells']}) | " + " | ".join(say) + " |")
        own = by_part[(by_part["size"] == size) & (by_part["rule"] == "multilevel")]
        parts = sorted(set(own["part"]))
        lines += ["", f"The predictor by part received: coverage / score / cells under 80 % ({title.lower()})", ""]
        lines += ["| group | " + " | ".join(f"{part:.0%}" for part in parts) + " |", "|---" * (len(parts) + 1) + "|"]
        for group, rows in own.groupby("group", sort=False):
            at = rows.set_index("part")
            say = [
                f"{100 * at.loc[p, 'coverage']:.1f} / {at.loc[p, 'score']:.2f} / {100 * at.loc[p, 'under_80']:.0f}"
                if p in at.index
                else ""
                for p in parts
            ]
            lines.append(f"| {group} | " + " | ".join(say) + " |")
    return "\n".join(lines)


def _score(low: np.ndarray, high: np.ndarray, truth: np.ndarray) -> np.ndarray:
    miss = np.maximum(low - truth, 0) + np.maximum(truth - high, 0)
    return high - low + 2 / (1 - LEVEL) * miss


def _plain(table: pd.DataFrame) -> list[dict[str, object]]:
    return [{key: _cut(value) for key, value in row.items()} for row in table.to_dict("records")]


def _cut(value: object) -> object:
    return round(float(value), 4) if isinstance(value, float) else value
