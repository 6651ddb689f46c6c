"""Measures how long 10,000 nights of a regency take at seven parts of the returns, on two workers."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import json
import time
from pathlib import Path

from machine import SHARED, describe

from estimation.contest import load_contest
from estimation.simulation.backtest import backtest, backtest_summary, plan_of


def main() -> None:
    """Measure once: a run this long needs no repetition."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--replicates", type=int, default=10_000)
    options.add_argument("--workers", type=int, default=2)
    given = options.parse_args()
    contest = load_contest(SHARED / "situbondo-2019")
    plan = plan_of(
        contest,
        design={"n": 300, "strata": "district", "method": "stratified", "seed": "1"},
        estimators=("multilevel",),
        received="0.05,0.1,0.25,0.5,0.75,0.9,1",
        replicates=given.replicates,
    )
    load, begin = os.getloadavg()[0], time.perf_counter()
    population, replay = backtest(contest, plan, workers=given.workers)
    seconds = time.perf_counter() - begin
    written = {
        "benchmark": "speed",
        "replicates": given.replicates,
        "parts": 7,
        "workers": given.workers,
        "seconds": round(seconds, 1),
        "load_before": round(load, 2),
        "headline": backtest_summary(population, plan, replay),
        "machine": describe(),
    }
    path = Path(__file__).resolve().parent / "results" / "speed.json"
    path.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(written, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
