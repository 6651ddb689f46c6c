"""Designs side by side on real elections: which one wins, and whether its own standard error is honest.

Situbondo 2019, n = 300, 10,000 replicates of nine designs; then four of them, 2,000 replicates each, on nine of
the 38 regencies of East Java. Which regencies was fixed before any was looked at: the first, sixth, eleventh … in
the frame's order, and Situbondo. Where ordered pivotal misses a target with 2,000, it is looked at again with 10,000.

All designs have the same seed. Standard errors are of the true leader's share; with two candidates the
lead's are twice as large, and every ratio is the same.

Where ordered pivotal misses for stations that have no roll, a last part draws those apart (strata = "registered?"), in
the same 10,000 replicates; with --apart it alone is run, and put into the results that are there.
"""

import argparse
import json
import time
from dataclasses import replace

import pandas as pd
from machine import HERE, SHARED, describe, save

from estimation.contest import Contest, load_contest
from estimation.frame import load_frame
from estimation.sampling.apply_design import allocate, strata_for
from estimation.sampling.design import Design
from estimation.simulation.population import Population, open_population
from estimation.simulation.replicate import compare_simulated

N, SEED, LEVEL = 300, "1", 0.95
REPLICATES, REPLICATES_ELSEWHERE = 10_000, 2_000
EVERY, ALWAYS = 5, "SITUBONDO"
APART, UNKNOWN = "NGAWI", "registered?"

DESIGNS = {
    "simple": Design(N, "simple", ""),
    "stratified (district)": Design(N, "stratified", "district"),
    "systematic": Design(N, "systematic", ""),
    "pivotal (ordered)": Design(N, "pivotal", ""),
    "pps-systematic": Design(N, "pps-systematic", ""),
    "sampford": Design(N, "sampford", ""),
    "cube (registered)": Design(N, "cube", "", balance=("registered",)),
    "local-cube (registered)": Design(N, "local-cube", "", balance=("registered",)),
    "two-stage (village, 3)": Design(N, "two-stage", "", per_cluster=3),
}
SIMPLE, STRATIFIED, SYSTEMATIC, PIVOTAL = list(DESIGNS)[:4]
ELSEWHERE = (SIMPLE, STRATIFIED, SYSTEMATIC, PIVOTAL)

# Done when, issue 3
MOST_OF_STRATIFIED = 0.84
RATIO, RATIO_ELSEWHERE = (1.0, 1.2), (1.0, 1.3)
COVERAGE = (0.95, 0.985)

JUDGED = ("true_se", "ratio", "coverage", "coverage_low", "coverage_high")


def main() -> None:
    """Run all of it, or the last part alone."""
    parser = argparse.ArgumentParser(description="Designs side by side on real elections.")
    parser.add_argument("--apart", action="store_true", help="only stations without a roll, put into the results")
    if parser.parse_args().apart:
        held = json.loads((HERE / "results" / "designs.json").read_text(encoding="utf-8"))
        (HERE / "results" / "designs.json").write_text(
            json.dumps({**held, "apart": _apart()}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
    else:
        everything()


def everything() -> None:
    """Draw, estimate, judge, and write the results."""
    begin = time.perf_counter()
    population = open_population(load_contest(SHARED / "situbondo-2019"))
    table, seconds = _table(population, list(DESIGNS), REPLICATES)
    regencies = _regencies()
    worst = max(regencies, key=lambda row: row["pivotal_over_stratified"])
    targets = _situbondo_targets(table) + _elsewhere_targets(regencies)
    missed = sorted({str(t["what"]).partition(":")[0] for t in targets[3:] if not t["met"]})
    save(
        "designs",
        {
            "seed": SEED,
            "n": N,
            "level": LEVEL,
            "situbondo": {
                "population": f"situbondo-2019: all {len(population.frame):,} official stations",
                "replicates": REPLICATES,
                "seconds": seconds,
                "rows": [_rounded(row) for row in table.drop(columns=["area", "left_out", "cost"]).to_dict("records")],
            },
            "jawa_timur": {
                "rule": f"regencies 1, {1 + EVERY}, {1 + 2 * EVERY} … in the frame's order, and {ALWAYS}",
                "replicates": REPLICATES_ELSEWHERE,
                "rows": regencies,
                "worst": worst["regency"],
                "worst_means": "pivotal gains least on stratified",
                "lowest_coverage": min(regencies, key=lambda row: row["pivotal_coverage"])["regency"],
                "again": _again(missed),
            },
            "apart": _apart(),
            "targets": targets,
            "seconds": round(time.perf_counter() - begin, 1),
        },
    )


def _table(population: Population, labels: list[str], replicates: int) -> tuple[pd.DataFrame, dict[str, float]]:
    parts, seconds = [], {}
    for label in labels:
        begin = time.perf_counter()
        parts.append(compare_simulated(population, {label: replace(DESIGNS[label], seed=SEED)}, replicates, LEVEL))
        seconds[label] = round(time.perf_counter() - begin, 2)
    return pd.concat(parts, ignore_index=True), seconds


def _regencies() -> list[dict[str, object]]:
    """Compare four designs in every regency that the rule names."""
    contest = load_contest(SHARED / "jawa-timur-2019")
    rows = []
    for name in _chosen(contest):
        population = open_population(contest, where=f"regency={name}")
        table, _ = _table(population, list(ELSEWHERE), REPLICATES_ELSEWHERE)
        rows.append(_regency(name, population, _leader(table, population)))
    return rows


def _chosen(contest: Contest) -> list[str]:
    names = [path[-1] for path in load_frame(contest).areas("regency").paths]
    return names[::EVERY] + [ALWAYS] * (ALWAYS not in names[::EVERY])


def _again(names: list[str]) -> list[dict[str, object]]:
    """Look at ordered pivotal with more replicates where it missed, which tells Monte-Carlo error from the rest."""
    contest = load_contest(SHARED / "jawa-timur-2019")
    rows = []
    for name in names:
        population = open_population(contest, where=f"regency={name}")
        table, _ = _table(population, [PIVOTAL], REPLICATES)
        found = _leader(table, population).loc[PIVOTAL, list(JUDGED)].to_dict()
        rows.append(_rounded({"regency": name, "replicates": REPLICATES, **found}))
    return rows


def _apart() -> dict[str, object]:
    """Draw the stations without a roll apart, and hold the same draw without that beside it; there and elsewhere."""
    begin = time.perf_counter()
    contest = load_contest(SHARED / "jawa-timur-2019")
    others = [name for name in _chosen(contest) if name != APART]
    return {
        "regency": APART,
        "replicates": REPLICATES,
        "rows": _with_and_without(open_population(contest, where=f"regency={APART}"), REPLICATES),
        "elsewhere": {
            "replicates": REPLICATES_ELSEWHERE,
            "regencies": {
                name: _with_and_without(open_population(contest, where=f"regency={name}"), REPLICATES_ELSEWHERE)
                for name in others
            },
        },
        "seconds": round(time.perf_counter() - begin, 1),
        "machine": describe(),
    }


def _with_and_without(population: Population, replicates: int) -> list[dict[str, object]]:
    rows = []
    for strata in ("", UNKNOWN):
        design = Design(N, "pivotal", strata, seed=SEED)
        sizes = strata_for(population.frame, strata)
        share = allocate(population.frame, design, sizes)
        found = _leader(compare_simulated(population, {PIVOTAL: design}, replicates, LEVEL), population).loc[PIVOTAL]
        drawn = {label: f"{n} of {size:.0f}" for label, n, size in zip(sizes.labels, share, sizes.size, strict=True)}
        rows.append(_rounded({"strata": strata, "drawn": drawn, **found[[*JUDGED, "true_se_mc", "deff"]].to_dict()}))
    return rows


def _leader(table: pd.DataFrame, population: Population) -> pd.DataFrame:
    return table[table["quantity"] == population.names[population.order[0]]].set_index("design")


def _regency(name: str, population: Population, table: pd.DataFrame) -> dict[str, object]:
    pivotal, se = table.loc[PIVOTAL], table["true_se"]
    return _rounded(
        {
            "regency": name,
            "stations": len(population.frame),
            "left_out": population.left_out,
            "leader_share": pivotal["truth"],
            **{f"true_se_{label.split()[0]}": se[label] for label in ELSEWHERE},
            "pivotal_over_stratified": se[PIVOTAL] / se[STRATIFIED],
            "pivotal_over_simple": se[PIVOTAL] / se[SIMPLE],
            "quotients_mc_relative": REPLICATES_ELSEWHERE**-0.5,
            "pivotal_ratio": pivotal["ratio"],
            "pivotal_coverage": pivotal["coverage"],
            "pivotal_coverage_low": pivotal["coverage_low"],
            "pivotal_coverage_high": pivotal["coverage_high"],
            "stratified_coverage": table.loc[STRATIFIED, "coverage"],
            "systematic_ratio": table.loc[SYSTEMATIC, "ratio"],
        }
    )


def _situbondo_targets(table: pd.DataFrame) -> list[dict[str, object]]:
    lead = table[table["quantity"] == "lead"].set_index("design")
    se = lead["true_se"]
    return [
        _target("situbondo: pivotal / stratified", se[PIVOTAL] / se[STRATIFIED], 0, MOST_OF_STRATIFIED),
        _target("situbondo: pivotal, mean / true", lead.loc[PIVOTAL, "ratio"], *RATIO),
        _target("situbondo: pivotal, coverage", lead.loc[PIVOTAL, "coverage"], *COVERAGE),
    ]


def _elsewhere_targets(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    others = [row for row in rows if row["regency"] != ALWAYS]
    return [
        _target(f"{row['regency']}: pivotal, {what}", row[name], *ends)
        for row in others
        for what, name, ends in (
            ("mean / true", "pivotal_ratio", RATIO_ELSEWHERE),
            ("coverage", "pivotal_coverage", COVERAGE),
        )
    ]


def _target(what: str, value: float, low: float, high: float) -> dict[str, object]:
    """Judge by the number itself; Monte-Carlo error stands in the tables."""
    missed = max(low - value, value - high, 0.0)
    return _rounded({"what": what, "value": value, "from": low, "to": high, "met": missed == 0, "missed_by": missed})


def _rounded(row: dict[str, object]) -> dict[str, object]:
    return {name: round(float(v), 6) if isinstance(v, float) else v for name, v in row.items()}


if __name__ == "__main__":
    main()
