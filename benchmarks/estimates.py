"""How long an estimate takes: shares with their covariance and intervals, beside R survey and the Python package svy.

R runs where Rscript and its package ``survey`` are there, svy where ``QUICKCOUNT_SVY_PYTHON`` names a Python that has
it (a virtual environment of its own); what is missing is left out. All get the same simulated samples, in turns, and
the ratios are of medians. Ours is timed from arrays to intervals, with the design's structure; theirs with their
design made beforehand. Estimates and standard errors are compared before anything is written: 1e-9 relative.
svy gives one standard error for each ratio and no covariance between them.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from machine import save, spread

from estimation.arrays import Array
from estimation.sampling import selection
from estimation.survey import Structure, ratio, t_interval
from estimation.survey.variance import by_name

TURNS, REPLICATES, BLOCK = 3, 10_000, 500
CASES = {"n300": (300, 17, 3, 1_030), "n3000": (3_000, 514, 10, 823_000)}  # stations drawn, strata, candidates, N
TARGETS = {"n300": {"ms": 0.3, "r": 100, "svy": 40}, "n3000": {"r": 1000, "svy": 25}}
R = """
suppressMessages(library(survey)); options(digits = 17)
data <- read.csv("FILE"); votes <- make.formula(grep("^v[0-9]+$", names(data), value = TRUE))
design <- svydesign(ids = ~1, strata = ~stratum, weights = ~weight, fpc = ~size, data = data)
found <- svyratio(votes, ~valid, design, covmat = TRUE)
once <- function() { a <- Sys.time(); svyratio(votes, ~valid, design, covmat = TRUE); as.numeric(Sys.time() - a, units = "secs") }
line <- function(x) paste0("[", paste(format(x, digits = 17), collapse = ","), "]")
cat(sprintf('{"seconds": %s, "theta": %s, "se": %s}', line(replicate(RUNS, once())), line(coef(found)), line(SE(found))))
"""  # noqa: E501
SVY = """
import json, time, polars, svy
data = polars.read_csv("FILE")
votes = [name for name in data.columns if name[0] == "v" and name[1:].isdigit()]
sample = svy.Sample(data, svy.Design(stratum="stratum", wgt="weight", pop_size="size"))
def once():
    start = time.perf_counter()
    found.append(sample.estimation.ratio(votes, "valid"))
    return time.perf_counter() - start
found = []
once()
seconds = [once() for _ in range(RUNS)]
parts = [one.estimates[0] for one in found[0]]
print(json.dumps({"seconds": seconds, "theta": [p.est for p in parts], "se": [p.se for p in parts]}))
"""


def main() -> None:
    """Measure in turns, compare the numbers, and write the results."""
    rows: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, shape in CASES.items():
            rows[name] = _case(name, *shape, Path(folder) / f"{name}.csv")
    seconds = _replicates()
    rows["replicates"] = {"ours": spread(seconds), "target_s": 0.25, "met": float(np.median(seconds)) <= 0.25}
    note = "R: svyratio(…, covmat = TRUE), its design made before; svy: Sample.estimation.ratio, its sample made before"
    save("estimates", {"peers": note, "estimates": rows})


def _case(name: str, n: int, strata: int, k: int, population: int, file: Path) -> dict[str, object]:
    y, valid, structure = _sample(n, strata, k, population)
    _write(y, valid, structure, file)
    theta, se = _ours(y, valid, structure)
    runs: dict[str, list[float]] = {"ours": [], "r": [], "svy": []}
    for _ in range(TURNS):
        runs["ours"] += [_seconds(lambda: _ours(y, valid, structure)) for _ in range(300)]
        for peer, ask in (("r", _ask_r), ("svy", _ask_svy)):
            answer = ask(file, 15 if n < 1000 else 3)
            if answer:
                runs[peer] += answer["seconds"]
                np.testing.assert_allclose(answer["theta"], theta, rtol=1e-9)
                np.testing.assert_allclose(answer["se"], se, rtol=1e-9)
    target, middle = TARGETS[name], float(np.median(runs["ours"]))
    row: dict[str, object] = {"ours": {**spread(runs["ours"]), "median_ms": round(middle * 1000, 4)}}
    if "ms" in target:
        row |= {"target_ms": target["ms"], "met": middle * 1000 <= target["ms"]}
    for peer in ("r", "svy"):
        if runs[peer]:
            times = float(np.median(runs[peer])) / middle
            row[peer] = {**spread(runs[peer]), "ratio": round(times, 1), "target": target[peer]}
            row[f"{peer}_met"] = times >= target[peer]
        else:
            row[peer] = "not there"
    return row


def _sample(n: int, strata: int, k: int, population: int) -> tuple[Array, Array, Structure]:
    """Simulate a stratified sample: two stations at least in each stratum, sizes in proportion."""
    rng = np.random.default_rng(n)
    codes = np.sort(np.concatenate([np.repeat(np.arange(strata), 2), rng.integers(0, strata, n - 2 * strata)]))
    count = np.bincount(codes)
    size = np.ceil(count * population / n)
    shares = rng.dirichlet(np.full(k, 3.0), n)
    votes = rng.binomial(rng.integers(150, 500, n)[:, None], shares).astype(np.float64)
    return votes, votes.sum(axis=1), Structure((size / count)[codes], codes, size)


def _write(y: Array, valid: Array, structure: Structure, file: Path) -> None:
    votes = ",".join(f"v{j + 1}" for j in range(y.shape[1]))
    size = structure.size[structure.stratum]
    table = np.column_stack([structure.stratum, structure.weight, size, valid, y])
    np.savetxt(file, table, delimiter=",", header=f"stratum,weight,size,valid,{votes}", comments="", fmt="%.17g")


def _ours(y: Array, valid: Array, given: Structure) -> tuple[Array, Array]:
    structure = Structure(given.weight, given.stratum, given.size)
    linear = ratio(y, valid, structure.weight)
    variance = np.diagonal(by_name("auto")(linear.expanded, structure), axis1=-2, axis2=-1)
    t_interval(linear.theta, variance, structure.df(), 0.95)
    return linear.theta, np.sqrt(variance)


def _replicates() -> list[float]:
    """Time ten thousand samples: draw, estimate, interval, in blocks."""
    n, strata, k, population = CASES["n300"]
    rng = np.random.default_rng(1)
    codes = np.sort(rng.integers(0, strata, population))
    size = np.bincount(codes, minlength=strata).astype(np.float64)
    allocation = np.maximum(np.floor(n * size / population), 2).astype(np.intp)
    allocation[: n - int(allocation.sum())] += 1
    votes = rng.integers(0, 200, (population, k)).astype(np.float64)
    valid, weight = votes.sum(axis=1), np.repeat(size / allocation, allocation)
    stratum = np.repeat(np.arange(strata), allocation)

    def all_of_them() -> None:
        for _ in range(REPLICATES // BLOCK):
            rows = selection.stratified(codes, allocation, rng, BLOCK)
            structure = Structure(np.broadcast_to(weight, rows.shape), stratum, size)
            linear = ratio(np.take(votes, rows, axis=0), valid[rows], structure.weight)
            variance = np.diagonal(by_name("auto")(linear.expanded, structure), axis1=-2, axis2=-1)
            t_interval(linear.theta, variance, structure.df(), 0.95)

    all_of_them()
    return [_seconds(all_of_them) for _ in range(7)]


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _ask_r(file: Path, runs: int) -> dict[str, list[float]]:
    return _ask([shutil.which("Rscript"), "-e"], R, file, runs)


def _ask_svy(file: Path, runs: int) -> dict[str, list[float]]:
    return _ask([os.environ.get("QUICKCOUNT_SVY_PYTHON"), "-c"], SVY, file, runs)


def _ask(command: list[str | None], script: str, file: Path, runs: int) -> dict[str, list[float]]:
    """Let a peer read the same file; nothing where it is missing."""
    if command[0] is None:
        return {}
    text = script.replace("FILE", str(file)).replace("RUNS", str(runs))
    done = subprocess.run([*map(str, command), text], capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        print(f"{command[0]} says: {done.stderr.strip()[-300:]}")
        return {}
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
