"""How long the multilevel predictor takes: one regency, the whole country, and the nights of a backtest.

Counts are simulated: shares and turnout that differ by area and by station. The country runs in a process of its own,
whose peak memory is the whole process's, the frame's reading included.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from machine import HERE, SHARED, save, spread

from estimation.estimators.multilevel import ModelFrame, model_frame, predict
from estimation.frame import Frame, read_frame
from estimation.returns import Counts

SHARES = np.array([0.46, 0.42, 0.12])
REGENCY = HERE.parent / "data" / "situbondo-2024" / "frame.csv"
LEVELS = ("province", "regency")
PARTS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)
TARGETS = {"one_ms": 10, "national_s": 1.0, "national_gb": 1.0, "backtest_minutes": 6}


def main() -> None:
    """Measure everything and write the results."""
    result = {"targets": TARGETS, "regency": _regency(), "country": []}
    for drawn in (3000, 7800):
        for levels in (",".join(LEVELS), "province,regency,district,village"):
            command = [sys.executable, str(Path(__file__).resolve()), str(drawn), levels]
            # ours: this file, with numbers
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            result["country"].append(json.loads(done.stdout))
    save("multilevel", result)


def _regency() -> dict[str, object]:
    """Time one projection of 300 of 1,030 stations with turnout, and a backtest's."""
    frame = read_frame(REGENCY)
    rng = np.random.default_rng(1)
    votes, invalid = _election(frame, rng)
    built = [_timed(model_frame, frame)[1] for _ in range(21)]
    g = model_frame(frame)
    rows = np.sort(rng.permutation(len(frame))[:300])
    rank = rng.permutation(300) + 1.0
    one = {}
    for label, turnout in (("with turnout", True), ("shares alone", False)):
        seconds = []
        for run in range(51):
            seen = rank <= 30 + 5 * run
            counts, order = _counts(frame, votes, invalid, rows, seen), np.where(seen, rank, np.nan)
            seconds.append(_timed(_predict, g, rows, counts, order, turnout)[1])
        one[label] = spread(seconds[1:])
    nights = 1000
    start = time.perf_counter()
    drawn = np.stack([rng.permutation(len(frame))[:300] for _ in range(nights)])
    ranks = rng.permuted(np.broadcast_to(np.arange(1.0, 301), drawn.shape), axis=1)
    for part in PARTS:
        seen = ranks <= max(round(part * 300), 1)
        _predict(g, drawn, _counts(frame, votes, invalid, drawn, seen), np.where(seen, ranks, np.nan), True)
    took = time.perf_counter() - start
    return {
        "stations": len(frame),
        "drawn": 300,
        "levels": g.levels,
        "model_frame": spread(built),
        "one_projection": one,
        "backtest": {
            "nights": nights,
            "parts_in": PARTS,
            "ms_a_projection_drawing_included": round(1000 * took / nights / len(PARTS), 3),
            "minutes_for_10000_nights_on_one_core": round(took / nights * 10_000 / 60, 2),
        },
    }


def _country(drawn: int, levels: tuple[str, ...]) -> dict[str, object]:
    """Time the population and one projection of the whole country, half of the sample in."""
    frame = read_frame(SHARED / "indonesia-2019-frame.parquet")
    g, build = _timed(model_frame, frame, levels)
    rng = np.random.default_rng(2)
    votes, invalid = _election(frame, rng)
    rows = np.sort(rng.permutation(len(frame))[:drawn])
    rank = rng.permutation(drawn) + 1.0
    seconds = []
    for part in (0.5, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0):
        seen = rank <= part * drawn
        counts = _counts(frame, votes, invalid, rows, seen)
        found, took = _timed(_predict, g, rows, counts, np.where(seen, rank, np.nan), True)
        seconds.append(took)
    return {
        "stations": len(frame),
        "drawn": drawn,
        "levels": levels,
        "areas": g.tree.areas,
        "ground_s": round(build, 3),
        "projection": spread(seconds[1:]),
        "se_points": [round(100 * float(se), 3) for se in found.se[:3]],
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def _predict(g: ModelFrame, rows: np.ndarray, counts: Counts, rank: np.ndarray, turnout: bool) -> object:
    return predict(g, rows, counts, [1, 2, 3], rank=rank, turnout=turnout)


def _counts(frame: Frame, votes: np.ndarray, invalid: np.ndarray, rows: np.ndarray, seen: np.ndarray) -> Counts:
    ballots = votes.sum(axis=-1) + invalid
    blank = np.where(seen, 0.0, np.nan)
    return Counts(
        np.where(seen[..., None], votes[rows], 0.0),
        invalid[rows] + blank,
        ballots[rows] + blank,
        frame.registered[rows],
        seen,
        np.zeros_like(seen),
    )


def _election(frame: Frame, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Make up votes (N, 3) and invalid votes (N,)."""
    roll = np.where(np.isfinite(frame.registered), frame.registered, 250.0)
    lean = np.zeros((len(frame), 3))
    for level, spread_ in (("regency", 0.4), ("district", 0.3), ("village", 0.2)):
        codes = frame.areas(level).codes
        lean += rng.normal(0, spread_, (int(codes.max()) + 1, 3))[codes]
    weight = SHARES * np.exp(lean + rng.normal(0, 0.2, lean.shape))
    ballots = roll * np.clip(rng.normal(0.78, 0.08, len(frame)), 0.1, 1)
    invalid = np.round(0.03 * ballots)
    return np.round((ballots - invalid)[:, None] * weight / weight.sum(axis=1, keepdims=True)), invalid


def _timed(work: Callable[..., Any], *given: object) -> tuple[Any, float]:
    start = time.perf_counter()
    found = work(*given)
    return found, time.perf_counter() - start


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(_country(int(sys.argv[1]), tuple(sys.argv[2].split(",")))))
    else:
        main()
