"""Calls over time: whole nights, looked at every ten minutes, under four rules and two estimators.

A night's sample comes in by a log-logistic clock (median 90 minutes after the end of voting, 93 % after five hours, the
rest at the last look) and in one of several orders. Looks before half of the sample is in are skipped: no rule may call
there. What is counted: nights with a wrong call at any look, nights called by half and by the end, and the minute of
the first right call.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from cases import UPLOADED, population, uploaded
from machine import describe
from scipy.stats import binomtest

from estimation.estimators.catalogue import ReturnsSeen, estimate_by
from estimation.returns import Counts
from estimation.simulation.backtest import plan_of
from estimation.simulation.backtest.replay import Stage, calls, draw_block, night_of, stage
from estimation.simulation.population import Population
from estimation.survey import Estimate

RESULTS = Path(__file__).resolve().parent / "results"
MINUTES = np.arange(10, 301, 10)
CLOCK = 1 / (1 + (90 / MINUTES) ** (1 / 0.45))
LOOKS = (*(round(float(part), 3) for part in CLOCK if part >= 0.5), 1.0)
TIMES = (*(int(minute) for minute, part in zip(MINUTES, CLOCK, strict=True) if part >= 0.5), 310)
RULES = {
    "planned": {"call_rule": "planned"},
    "planned takes": {"call_rule": "planned", "takes": 31},
    "anytime": {"call_rule": "anytime"},
    "once": {"call_rule": "once"},
}
PAIRS = {
    "SITUBONDO + KOTA PROBOLINGGO": ("SITUBONDO", "KOTA PROBOLINGGO"),
    "SITUBONDO + BONDOWOSO": ("SITUBONDO", "BONDOWOSO"),
}


@dataclass(frozen=True, slots=True)
class Race:
    """One race in one order of arrival.

    Attributes
    ----------
    name : str
    order : str
    nights : int
    n : int
    """

    name: str
    order: str
    nights: int
    n: int = 300


def races() -> Iterator[Race]:
    """List the races: ties first, then leads of more than 3 points."""
    for order, nights in (("random", 3000), ("log-logistic", 1000), ("adverse=0.1", 1000), ("adverse=-0.1", 1000)):
        yield Race("situbondo-2019", order, nights)
    for order in (UPLOADED, "random"):
        yield Race("bali-2024 GIANYAR", order, 1000)
    for order in ("random", "log-logistic", "adverse=0.1", "adverse=-0.1"):
        for name in (*PAIRS, "BONDOWOSO", "KOTA PASURUAN", "ciamis-2024", "gianyar-2019"):
            yield Race(name, order, 500 if order == "random" else 300)
    for order in ("random", "entered_at"):
        yield Race("BONDOWOSO", order, 400, 120)
        yield Race("BANGKALAN", order, 400, 100)
    yield Race("SITUBONDO + BONDOWOSO", "random", 400, 480)
    yield Race("bali-2024 KLUNGKUNG", UPLOADED, 400, 300)
    yield Race("bali-2024 KARANGASEM", UPLOADED, 400, 300)


def main() -> None:
    """Replay what is missing, then write and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "quickcount-calls")
    given = options.parse_args()
    given.keep.mkdir(parents=True, exist_ok=True)
    begin, blocks = time.perf_counter(), []
    for i, race in enumerate(races()):
        for block in range(-(-race.nights // 100)):
            path = given.keep / f"{race.name} {race.order} {race.n} {block}.json"
            blocks.append((i, race, block, path))
    missing = [each for each in blocks if not each[3].is_file()]
    with ProcessPoolExecutor(given.workers) as pool:
        waiting = [pool.submit(run, race, block, path) for _, race, block, path in missing]
        for done, future in enumerate(as_completed(waiting), start=1):
            future.result()
            print(f"{done}/{len(waiting)} blocks, {time.perf_counter() - begin:.0f} s", flush=True)
    rows = []
    for i, race in enumerate(races()):
        parts = [json.loads(path.read_text(encoding="utf-8")) for at, _, _, path in blocks if at == i]
        rows += judge_race(race, parts)
    columns = list(rows[0])
    written = {"benchmark": "calls", "looks": LOOKS, "minutes": TIMES, "machine": describe(), "columns": columns}
    lines = ",\n".join(json.dumps([row[name] for name in columns], ensure_ascii=False) for row in rows)
    text = json.dumps(written, ensure_ascii=False)[:-1] + f',"rows":[\n{lines}\n]}}\n'
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "calls.json").write_text(text, encoding="utf-8")
    print(report(pd.DataFrame(rows)))


def lay_out(race: Race) -> Stage:
    """Make ready to replay a race."""
    own = open_race(race.name)
    plan = plan_of(
        own.contest,
        design={"n": race.n, "strata": "district", "method": "stratified", "seed": "calls"},
        estimators=("auto", "ratio"),
        arrival="random" if race.order == UPLOADED else race.order,
        received=LOOKS,
        replicates=race.nights,
    )
    at = stage(own, plan)
    return replace(at, model=uploaded(own)) if race.order == UPLOADED else at


def open_race(name: str) -> Population:
    """Find a race by its name: an election, a regency of East Java, one of Bali, or two regencies as one district."""
    if name.endswith(("-2019", "-2024")):
        return population(name, "")
    if name.startswith("bali-2024 "):
        return population("bali-2024", name.partition(" ")[2])
    if name in PAIRS:
        return _together(*(population("jawa-timur-2019", area) for area in PAIRS[name]))
    return population("jawa-timur-2019", name)


def _together(one: Population, other: Population) -> Population:
    frame = replace(one.frame, table=pd.concat([one.frame.table, other.frame.table], ignore_index=True))
    for level in ("province", "regency", "district", "village"):
        frame.table[level] = frame.table[level].astype(str).astype("category")
    fields = ("votes", "invalid", "ballots", "registered", "seen", "kept_out")
    counts = Counts(*(np.concatenate([getattr(one.counts, f), getattr(other.counts, f)]) for f in fields))
    return replace(one, frame=frame, counts=counts)


def run(race: Race, block: int, path: Path) -> None:
    """Replay one block of nights: for each estimator and rule, when somebody was first called, rightly or wrongly."""
    at = lay_out(race)
    drawn, keys = draw_block(at, block)
    half_width = {}
    state: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = {}
    for look, part in enumerate(LOOKS):
        night, weight = night_of(at, drawn, keys, part)
        found = {name: estimate_by(name, at.known, night).estimate for name in at.plan.estimators}
        views = {name: (found[name], None) for name in found}
        views["auto, ratio agreeing"] = found["auto"], {"ratio": found["ratio"]}
        for name, (estimate, others) in views.items():
            for rule, (called, wrong) in by_rule(at, night, weight, estimate, others).items():
                right_at, wrong_at = state.setdefault((name, rule), (np.full(len(keys), -1), np.full(len(keys), -1)))
                right_at[(right_at < 0) & called & ~wrong] = look
                wrong_at[(wrong_at < 0) & wrong] = look
        half_width = {name: _half_width(at, estimate) for name, estimate in found.items()}
    first: dict[str, dict[str, list[list[int]]]] = {}
    for (name, rule), (right_at, wrong_at) in state.items():
        first.setdefault(name, {})[rule] = [right_at.tolist(), wrong_at.tolist()]
    lead = float(at.population.truth[-1])
    path.write_text(json.dumps({"lead": lead, "half_width": half_width, "first": first}), encoding="utf-8")


def by_rule(
    at: Stage, night: ReturnsSeen, weight: np.ndarray, estimate: Estimate, others: dict[str, Estimate] | None
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Say on which nights each rule calls somebody, and on which wrongly."""
    tables = {rule: replace(at.plan.table, **set_to) for rule, set_to in RULES.items()}
    return {
        rule: calls(replace(at, plan=replace(at.plan, table=table)), night, weight, estimate, others)
        for rule, table in tables.items()
    }


def _half_width(at: Stage, estimate: Estimate) -> float:
    order, names = at.population.order, at.population.names
    lead = estimate.contrast({names[order[0]]: 1.0, names[order[1]]: -1.0}, "lead").interval(0.95)
    return float((lead.high - lead.low).mean() / 2)


def judge_race(race: Race, parts: list[dict[str, object]]) -> Iterator[dict[str, object]]:
    """Pool the blocks of a race: one row for each estimator and rule."""
    half = next(i for i, part in enumerate(LOOKS) if part >= 0.5)
    for name in parts[0]["first"]:
        for rule in parts[0]["first"][name]:
            right_at, wrong_at = (np.concatenate([part["first"][name][rule][k] for part in parts]) for k in (0, 1))
            nights, wrong = len(wrong_at), int((wrong_at >= 0).sum())
            exact = binomtest(wrong, nights).proportion_ci(0.95)
            ever = right_at >= 0
            minute = np.where(ever, np.array(TIMES)[np.maximum(right_at, 0)], np.inf)
            middle = float(np.quantile(minute, 0.5, method="lower"))
            lead = parts[0]["lead"]
            estimator = name.partition(",")[0]
            yield {
                "race": race.name,
                "order": race.order,
                "n": race.n,
                "lead": round(100 * lead, 2),
                "half_widths": round(lead / np.mean([part["half_width"][estimator] for part in parts]), 2),
                "estimator": name,
                "rule": rule,
                "nights": nights,
                "wrong": wrong,
                "wrong_low": round(exact.low, 5),
                "wrong_high": round(exact.high, 5),
                "by_half": round(float((ever & (right_at <= half)).mean()), 4),
                "by_end": round(float(ever.mean()), 4),
                "median_minute": middle if np.isfinite(middle) else None,
            }


def report(table: pd.DataFrame) -> str:
    """Write the tables of README.md: ties, then leads of more than 3 points pooled, then power."""
    lines = ["| race, order | estimator | rule | nights | wrong, % (95 %) |", "|---|---|---|---|---|"]
    close = table[table["lead"] <= 3]
    for row in close[close["estimator"].isin(("auto", "ratio"))].to_dict("records"):
        wrong, low, high = (
            100 * value for value in (row["wrong"] / row["nights"], row["wrong_low"], row["wrong_high"])
        )
        head = f"| {row['race']}, {row['order']} | {row['estimator']} | {row['rule']} | {row['nights']} | "
        lines.append(head + f"{wrong:.2f} ({low:.2f} to {high:.2f}) |")
    lines += ["", "| leads > 3 points | rule | nights | wrong | at most (97.5 %) |", "|---|---|---|---|---|"]
    for (estimator, rule), own in table[table["lead"] > 3].groupby(["estimator", "rule"], sort=False):
        nights, wrong = int(own["nights"].sum()), int(own["wrong"].sum())
        high = binomtest(wrong, nights).proportion_ci(0.95).high
        lines.append(f"| {estimator} | {rule} | {nights} | {wrong} | {100 * high:.3f} % |")
    lines += ["", "| race, order (n; lead; half-widths) | estimator | " + " | ".join(RULES) + " |", "|---" * 6 + "|"]
    clear = table[(table["lead"] > 3) & table["estimator"].isin(("auto", "ratio"))]
    for (race, order, n, estimator), own in clear.groupby(["race", "order", "n", "estimator"], sort=False):
        by = {row["rule"]: row for row in own.to_dict("records")}
        say = [_power(by.get(rule)) for rule in RULES]
        first = own.iloc[0]
        head = f"| {race}, {order} ({n}; {first['lead']:.1f}; {first['half_widths']:.1f}) | {estimator} | "
        lines.append(head + " | ".join(say) + " |")
    return "\n".join(lines)


def _power(row: dict[str, object] | None) -> str:
    """Say how many nights are called by half and by the end, in %, and the median minute."""
    if row is None:
        return ""
    return f"{100 * row['by_half']:.0f} / {100 * row['by_end']:.0f} / {_minute(row['median_minute'])}"


def _minute(value: float | None) -> str:
    return "–" if value is None or value != value else f"{value:.0f}"


if __name__ == "__main__":
    main()
