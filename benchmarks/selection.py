"""How long the draws take, beside R's ``sampling`` where Rscript is there (else only our own times).

R runs each of its draws several times in one process, started in turn with ours; ratios are of medians.
Frames are simulated: sizes uniform on 100 … 600, coordinates and balance variables uniform. Machine code is
compiled before anything is timed. R's joint Sampford probabilities for 60 of 1,030 would take minutes: they are
timed for the first 260 stations, and multiplied by the ratio of the pairs, (1030/260)².

*Growth*: every method on frames of 50,000, 200,000 and 800,000 stations, 0.4 % of them drawn; mean processor time of
some runs (what else the machine does counts less than on the clock). The exponent is the slope of log seconds on log N.
"""

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from machine import save, spread

from estimation.sampling import selection

MANY, TURNS = 823_000, 3
R = r"""
suppressMessages(library(sampling)); set.seed(1); options(digits = 15)
size <- scan("SIZE", quiet = TRUE); strata <- scan("STRATA", integer(), quiet = TRUE)
take <- function(times, f) sapply(seq_len(times), function(i) { a <- proc.time()[3]; f(); proc.time()[3] - a })
p <- inclusionprobabilities(size, 3000); p5 <- inclusionprobabilities(size[1:5000], 300)
X <- cbind(p5, matrix(runif(30000), 5000)); p260 <- inclusionprobabilities(size[1:260], 60)
stratified <- function() {
  rows <- split(seq_along(strata), strata)
  unlist(lapply(rows, function(r) r[sample.int(length(r), 6)]))
}
runs <- list(systematic = take(7, function() UPsystematic(p)), stratified = take(7, stratified),
             cube_5000 = take(3, function() samplecube(X, p5, comment = FALSE)),
             sampford_joint = take(1, function() UPsampfordpi2(p260)))
cat("{", paste(sprintf('"%s": [%s]', names(runs), sapply(runs, paste, collapse = ",")), collapse = ","), "}")
"""
FACTORS = {"sampford_joint": (1030 / 260) ** 2}
RATIOS = {"systematic": 50, "stratified": 20, "cube_5000": 300, "sampford_joint": 100}
SIZES, SHARE = (50_000, 200_000, 800_000), 0.004
BUSY, RUNS = 4.0, 60  # seconds and runs for each method and size, whichever comes first
SECONDS = {"cube_823000": 0.4, "local_pivotal_823000": 1.5, "local_pivotal_20000": 0.010}


def main() -> None:
    """Measure in turns and write the results."""
    size, strata, draws = _cases()
    ours: dict[str, list[float]] = {name: [] for name in draws}
    processor: dict[str, list[float]] = {name: [] for name in draws}
    theirs: dict[str, list[float]] = {name: [] for name in RATIOS}
    for draw, _ in draws.values():
        draw()
    for _ in range(TURNS):
        for name, (draw, runs) in draws.items():
            for _ in range(runs):
                clock, busy = _seconds(draw)
                ours[name].append(clock)
                processor[name].append(busy)
        for name, seconds in _ask_r(size, strata).items():
            theirs[name] += [value * FACTORS.get(name, 1) for value in seconds]
    rows: dict[str, object] = {}
    for name, seconds in ours.items():
        median = float(np.median(seconds))
        busy_ms = round(float(np.median(processor[name])) * 1000, 3)
        row: dict[str, object] = {
            "ours": {**spread(seconds), "median_ms": round(median * 1000, 3), "processor_ms": busy_ms}
        }
        if theirs.get(name):
            ratio = float(np.median(theirs[name])) / median
            row |= {"r": spread(theirs[name]), "ratio": round(ratio, 1)}
            row |= {"target_ratio": RATIOS[name], "met": ratio >= RATIOS[name]}
        if name in SECONDS:
            row |= {"target_s": SECONDS[name], "met": median <= SECONDS[name]}
        rows[name] = row
    note = "R sampling, seconds to 1 ms" if any(theirs.values()) else "R is not there: only our own times"
    extrapolated = "R's sampford_joint: 260 of 1,030 × (1030/260)²"
    save("selection", {"peer": note, "extrapolated": extrapolated, "draws": rows, "growth": _growth()})


def _cases() -> tuple[np.ndarray, np.ndarray, dict[str, tuple[Callable[[], object], int]]]:
    """Give sizes, strata, and the draws with their runs a turn."""
    rng = np.random.default_rng(1)
    size = rng.integers(100, 601, MANY).astype(np.float64)
    place, balance = rng.random((MANY, 2)), rng.random((MANY, 6))
    strata, allocation = np.sort(rng.integers(0, 500, MANY)), np.full(500, 6)
    large, medium = selection.inclusion_probabilities(size, 3000), selection.inclusion_probabilities(size[:20_000], 300)
    small, joint = (
        selection.inclusion_probabilities(size[:5000], 300),
        selection.inclusion_probabilities(size[:1030], 60),
    )
    return size, strata, {
        "systematic": (lambda: selection.systematic(large, rng), 21),
        "stratified": (lambda: selection.stratified(strata, allocation, rng), 11),
        "cube_5000": (lambda: selection.cube(small, balance[:5000], rng), 21),
        "sampford_joint": (lambda: selection.sampford_joint(joint), 5),
        "cube_823000": (lambda: selection.cube(large, balance, rng), 3),
        "local_cube_823000": (lambda: selection.cube(large, balance, rng, spread=place), 1),
        "local_pivotal_823000": (lambda: selection.pivotal(large, rng, spread=place), 3),
        "local_pivotal_20000": (lambda: selection.pivotal(medium, rng, spread=place[:20_000]), 11),
        "ordered_pivotal_823000": (lambda: selection.pivotal(large, rng), 5),
        "sampford_823000": (lambda: selection.sampford(large, rng), 3),
        "max_entropy_823000": (lambda: selection.max_entropy(large, rng), 1),
    }  # fmt: skip


def _growth() -> dict[str, object]:
    """Time every method on ever larger frames."""
    mean: dict[str, list[float]] = {}
    for size in SIZES:
        for name, draw in _methods(size).items():
            draw()
            runs = [_seconds(draw)[1]]
            while sum(runs) < BUSY and len(runs) < RUNS:
                runs.append(_seconds(draw)[1])
            mean.setdefault(name, []).append(float(np.mean(runs)))
    logs = np.log(SIZES)
    rows: dict[str, object] = {}
    for name, times in mean.items():
        seconds = np.array(times)
        rows[name] = {
            "ms": [round(value * 1000, 3) for value in seconds.tolist()],
            "times_four": np.round(seconds[1:] / seconds[:-1], 2).tolist(),
            "exponent": round(float(np.polyfit(logs, np.log(seconds), 1)[0]), 2),
        }
    n_log_n = np.array(SIZES) * logs
    exponent = round(float(np.polyfit(logs, np.log(n_log_n), 1)[0]), 2)
    times_four = np.round(n_log_n[1:] / n_log_n[:-1], 2).tolist()
    return {
        "stations": SIZES,
        "share": SHARE,
        "n_log_n": {"times_four": times_four, "exponent": exponent},
        "rows": rows,
    }


def _methods(size: int) -> dict[str, Callable[[], object]]:
    """Give a draw of every method from a frame of some size."""
    rng = np.random.default_rng(size)
    n = round(SHARE * size)
    chance = selection.inclusion_probabilities(rng.integers(100, 601, size), n)
    place, balance = rng.random((size, 2)), rng.random((size, 6))
    strata, villages = np.sort(rng.integers(0, 500, size)), np.sort(np.arange(size) % (size // 8))
    allocation = np.bincount(np.arange(n) % 500, minlength=500)
    return {
        "simple": lambda: selection.simple(size, n, rng),
        "stratified": lambda: selection.stratified(strata, allocation, rng),
        "systematic": lambda: selection.systematic(chance, rng),
        "sampford": lambda: selection.sampford(chance, rng),
        "max_entropy": lambda: selection.max_entropy(chance, rng),
        "ordered_pivotal": lambda: selection.pivotal(chance, rng),
        "local_pivotal": lambda: selection.pivotal(chance, rng, spread=place),
        "cube": lambda: selection.cube(chance, balance, rng),
        "local_cube": lambda: selection.cube(chance, balance, rng, spread=place),
        "two_stage": lambda: selection.two_stage(villages, n // 3, 3, rng),
    }


def _seconds(draw: Callable[[], object]) -> tuple[float, float]:
    """Give seconds on the clock and of the processor."""
    clock, busy = time.perf_counter(), time.process_time()
    draw()
    return time.perf_counter() - clock, time.process_time() - busy


def _ask_r(size: np.ndarray, strata: np.ndarray) -> dict[str, list[float]]:
    """Let R draw from the same frame; nothing where R or its package is missing."""
    if shutil.which("Rscript") is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        paths = Path(folder) / "size.txt", Path(folder) / "strata.txt"
        for path, values in zip(paths, (size, strata), strict=True):
            np.savetxt(path, values, fmt="%d")
        script = Path(folder) / "draws.R"
        script.write_text(R.replace("SIZE", str(paths[0])).replace("STRATA", str(paths[1])), encoding="utf-8")
        done = subprocess.run(["Rscript", str(script)], capture_output=True, text=True, timeout=120, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else {}


if __name__ == "__main__":
    main()
