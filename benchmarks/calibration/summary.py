"""From replayed cases to the scoreboard: pooled coverage, bad cells, and the interval score against the ratio's.

Run by itself, it writes the short form of ``results/scoreboard.json`` that the package carries for its pages.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from cases import Case
from contenders import RULES, bounds, rules

from estimation.files import write_text

LARGE = 0.12
USUAL = 0.05  # what is pooled over parts begins there
LEVEL = 0.95
SLACK = 1e-7  # of numbers that were kept in single precision
RESULTS = Path(__file__).resolve().parent / "results" / "scoreboard.json"
PACKAGED = (
    Path(__file__).resolve().parents[2] / "src" / "estimation" / "publish" / "reports" / "backtest" / "scoreboard.json"
)
BESIDE = ("ratio-z", "ratio-t-logit", "calibrated", "committee-5", "committee-10")  # shown beside the predictor
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
    told = table[table["rule"].isin(("multilevel", "ratio-z"))]
    return {
        "benchmark": "scoreboard",
        "by_rule": _plain(pooled(usual, ["group", "rule", "size"])),
        "by_part": _plain(pooled(told, ["group", "rule", "size", "part"])),
        "targets": targets(usual),
        "leads": leads(held),
        "cells": _cells(table),
    }


def targets(table: pd.DataFrame) -> list[dict[str, object]]:
    """Hold the predictor against its targets, by size and order of arrival, the stress interval left out."""
    own = table[(table["rule"] == "multilevel") & (table["part"] >= USUAL) & ~table["group"].str.endswith("stress")]
    rows = []
    for size, part in own.groupby("size"):
        for order in ("random", "form_uploaded_at", "entered_at", "batch", "log-logistic"):
            here = part[(part["arrival"] == order) & (part["group"] != "one percent")]
            if not len(here):
                continue
            by_part = pooled(here, ["part"])
            every = pooled(here, ["rule"]).iloc[0]
            rows.append(
                {
                    "size": size,
                    "arrival": order,
                    "cells": int(every["cells"]),
                    "coverage": every["coverage"],
                    "least": by_part["coverage"].min(),
                    "most": by_part["coverage"].max(),
                    "score": by_part["score"].mean(),
                    "score_sum": by_part["score_sum"].mean(),
                    "under_90": every["under_90"],
                    "under_80": every["under_80"],
                }
            )
    return _plain(pd.DataFrame(rows))


def _cells(table: pd.DataFrame) -> dict[str, object]:
    """Give every cell in few characters: coverage in thousandths by part, scores in hundredths of ratio-z's."""
    rows = []
    for (label, name, group), own in table.groupby(["case", "name", "group"], sort=False):
        by = {rule: own[own["rule"] == rule] for rule in ("multilevel", "ratio-z")}
        held, plain = ([_thousandths(part) for part in by[rule].to_dict("records")] for rule in by)
        one = by["multilevel"]
        score = (100 * one["score"] / one["plain"]).round().fillna(0).clip(upper=9999).astype(int).tolist()
        rows.append([label, group, name.removeprefix("share:"), round(100 * float(own["truth"].iloc[0]), 2)])
        rows[-1] += [one["part"].tolist()] if one["part"].iloc[0] < USUAL else [0]
        rows[-1] += [held, plain, score]
    columns = ["case", "group", "number", "truth", "parts (0: the usual)", "predictor", "ratio-z", "score"]
    return {"columns": columns, "rows": rows}


def _thousandths(row: Mapping[str, float]) -> int | None:
    return round(1000 * row["covered"] / row["nights"]) if row["nights"] else None


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
    lines += ["", "| size, order (cells) | coverage | by part, least to most | under 90 / 80 % | score (of sums) |"]
    lines.append("|---" * 5 + "|")
    for row in written["targets"]:
        spread = f"{100 * row['least']:.1f} to {100 * row['most']:.1f}"
        bad = f"{100 * row['under_90']:.1f} / {100 * row['under_80']:.1f}"
        head = f"| {row['size']}, {row['arrival']} ({row['cells']}) | {100 * row['coverage']:.1f} | {spread} | {bad} | "
        lines.append(head + f"{row['score']:.2f} ({row['score_sum']:.2f}) |")
    return "\n".join(lines)


def short(results: bytes) -> dict[str, object]:
    """Take from the results what a page shows: ``scoreboard/1``, one entry for each group and size.

    Parameters
    ----------
    results : bytes
        ``scoreboard.json``.
    """
    full = json.loads(results)
    entries = {(row["group"], row["size"], row["rule"]): row for row in full["by_rule"]}
    parts: dict[tuple[str, str], list[object]] = {}
    for row in full["by_part"]:
        if row["rule"] == "multilevel":
            own = [row["part"], row["coverage"], row["under_80"]]
            parts.setdefault((row["group"], row["size"]), []).append(own)
    groups = []
    for size in ("large", "small"):
        for group in dict.fromkeys(row["group"] for row in full["by_rule"] if row["size"] == size):
            row = entries[group, size, "multilevel"]
            judged = {name: row[name] for name in ("cells", "coverage", "under_90", "under_80", "score")}
            beside = {rule: entries.get((group, size, rule), {}).get("coverage") for rule in BESIDE}
            groups.append({"group": group, "size": size, **judged, "beside": beside, "parts": parts[group, size]})
    machine = full["machine"]
    return {
        "schema": "scoreboard/1",
        "source": "benchmarks/calibration/results/scoreboard.json",
        "source_sha256": hashlib.sha256(results).hexdigest(),
        "level": LEVEL,
        "large": LARGE,
        **{name: full[name] for name in ("date", "nights", "elections", "constants")},
        "machine": {name: machine[name] for name in ("cpu", "cores", "memory_gb", "system", "versions")},
        "orders": [{name: row[name] for name in ("size", "arrival", "cells", "coverage")} for row in full["targets"]],
        "groups": groups,
    }


def main() -> None:
    """Write what the package carries."""
    written = short(RESULTS.read_bytes())
    text = json.dumps(written, ensure_ascii=False, separators=(",", ":")).replace('},{"group"', '},\n{"group"')
    write_text(PACKAGED, text.replace('"groups":[', '"groups":[\n') + "\n")
    print(f"{len(written['groups'])} groups written to {PACKAGED}")


def _score(low: np.ndarray, high: np.ndarray, truth: np.ndarray) -> np.ndarray:
    miss = np.maximum(low - truth, 0) + np.maximum(truth - high, 0)
    return high - low + 2 / (1 - LEVEL) * miss


def _plain(table: pd.DataFrame) -> list[dict[str, object]]:
    return [{key: _cut(value) for key, value in row.items()} for row in table.to_dict("records")]


def _cut(value: object) -> object:
    return round(float(value), 4) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
