"""How long 1,000 Rao–Wu bootstrap replicates take, beside ``svy`` (Python and Rust) and R's ``survey``.

Simulated counts of 3,000 stations in 514 strata, two or more in each, five candidates: replicate weights are made,
and the five shares estimated with their covariance. The peers run in processes of their own, which read the data
once, warm up, and then take turns with ours run by run; ratios are of medians. ``svy`` runs in this interpreter's
environment, or in that of ``SVY_PYTHON``; a peer that is not there is noted and left out. Nobody corrects for finite
populations here, as R does not. The product is the one (1000, 3000) by (3000, 6) that the estimates consist of.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from machine import save, spread

from estimation.survey import Structure
from estimation.survey.variance.replication import ratio_fit, replicate_covariance, replicates

N, H, K, R = 3000, 514, 5, 1000
RUNS, R_RUNS = 21, 2
TARGETS = {"svy": 8.0}

SVY = """
import sys, time
import polars as pl
import svy
names = [f"y{j}" for j in range(5)]
sample = svy.Sample(data=pl.read_csv(sys.argv[1]), design=svy.Design(stratum="stratum", psu="psu", wgt="weight"))
print(svy.__version__, flush=True)
for seed, _ in enumerate(sys.stdin):
    start = time.perf_counter()
    made = sample.weighting.create_bs_wgts(n_reps=1000, rstate=seed)
    weights = time.perf_counter() - start
    found = made.estimation.ratio(names, "x", method="replication")
    print(time.perf_counter() - start, weights, *(one.estimates[0].se for one in found), flush=True)
"""
SURVEY = """
suppressMessages(library(survey))
data <- read.csv(commandArgs(TRUE)[1])
design <- svydesign(ids = ~1, strata = ~stratum, weights = ~weight, data = data)
cat(as.character(packageVersion("survey")), "\\n")
turns <- file("stdin", "r")
while (length(readLines(turns, 1))) {
  start <- proc.time()[3]
  made <- as.svrepdesign(design, type = "subbootstrap", replicates = 1000)
  weights <- proc.time()[3] - start
  found <- svyratio(~y0 + y1 + y2 + y3 + y4, ~x, made)
  cat(proc.time()[3] - start, weights, sqrt(diag(as.matrix(vcov(found)))), "\\n")
}
"""


class Peer:
    """A process that does one run for each line it is sent."""

    def __init__(self, command: list[str], script: str, suffix: str, data: Path) -> None:
        path = data.with_name(f"peer{suffix}")
        path.write_text(script, encoding="utf-8")
        self._errors = path.with_suffix(".log").open("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [*command, str(path), str(data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self.version = self._read().strip()

    def run(self) -> list[float]:
        """Give the seconds of a run, those of the weights alone, and the standard errors found."""
        assert self._process.stdin is not None
        self._process.stdin.write("run\n")
        self._process.stdin.flush()
        return [float(word) for word in self._read().split()]

    def close(self) -> None:
        """Let the process end."""
        self._process.communicate(timeout=60)
        self._errors.close()

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            raise RuntimeError(self._errors.read()[-2000:] or "the process ended")
        return line


def main() -> None:
    """Measure in turns and write the results."""
    stratum, y, x = _data()
    design = Structure(np.full(N, 270.0), stratum, np.full(H, np.inf))
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.csv"
        columns = np.column_stack([stratum, np.arange(N), design.weight, y, x]).astype(np.int64)
        header = ",".join(["stratum", "psu", "weight", *(f"y{j}" for j in range(K)), "x"])
        np.savetxt(data, columns, fmt="%d", delimiter=",", header=header, comments="")
        peers, absent = _peers(data)
        times: dict[str, list[list[float]]] = {name: [] for name in ("ours", "product", *peers)}
        for turn in range(-1, RUNS):  # the first warms up
            found = {"ours": _ours(design, y, x, turn + 1), "product": _product(design, y, x)}
            found |= {name: peer.run() for name, peer in peers.items() if name != "survey" or 0 <= turn < R_RUNS}
            for name, row in found.items() if turn >= 0 else ():
                times[name].append(row)
        for peer in peers.values():
            peer.close()
    ours = _median(times["ours"])
    rows: dict[str, object] = {}
    for name, runs in times.items():
        row: dict[str, object] = {
            **spread([run[0] for run in runs]),
            "version": getattr(peers.get(name), "version", None),
        }
        if name != "product":
            row |= {"weights_s": round(float(np.median([run[1] for run in runs])), 4)}
            row |= {"standard_error_points": np.round(100 * np.mean([run[2:] for run in runs], axis=0), 4).tolist()}
        if name != "ours":
            row |= {"ratio": round(_median(runs) / ours, 2)}
        if name in TARGETS:
            row |= {"target_ratio": TARGETS[name], "met": _median(runs) / ours >= TARGETS[name]}
        rows[name] = row
    estimates = _median([[run[0] - run[1]] for run in times["ours"]]) / _median(times["product"])
    case = {"stations": N, "strata": H, "candidates": K, "replicates": R, "estimates_of_product": round(estimates, 2)}
    save("replication", {"case": case, "absent": absent, "runs": rows})


def _data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simulate strata, votes and valid votes."""
    rng = np.random.default_rng(1)
    stratum = np.sort(np.concatenate([np.repeat(np.arange(H), 2), rng.integers(0, H, N - 2 * H)]))
    shares = rng.dirichlet(np.array([30.0, 25, 20, 15, 10]), N)
    y = np.floor(rng.integers(150, 400, N)[:, None] * shares)
    return stratum, y, y.sum(axis=1)


def _ours(design: Structure, y: np.ndarray, x: np.ndarray, seed: int) -> list[float]:
    start = time.perf_counter()
    made = replicates(design, "bootstrap", np.random.default_rng(seed), number=R)
    weights = time.perf_counter() - start
    cov, _ = replicate_covariance(ratio_fit(y, x), design.weight, made)
    return [time.perf_counter() - start, weights, *np.sqrt(np.diagonal(cov))]


def _product(design: Structure, y: np.ndarray, x: np.ndarray) -> list[float]:
    weights = np.random.default_rng(1).random((R, N)) * design.weight
    table = np.column_stack([y, x])
    start = time.perf_counter()
    weights @ table
    return [time.perf_counter() - start]


def _peers(data: Path) -> tuple[dict[str, Peer], list[str]]:
    """Start the peers that are there, and say which are not."""
    commands = {
        "svy": ([os.environ.get("SVY_PYTHON", sys.executable)], SVY, ".py"),
        "survey": ([shutil.which("Rscript") or ""], SURVEY, ".R"),
    }
    peers, absent = {}, []
    for name, (command, script, suffix) in commands.items():
        try:
            peers[name] = Peer(command, script, suffix, data)
        except (OSError, RuntimeError) as error:
            absent.append(f"{name}: {str(error).strip().splitlines()[-1]}")
    return peers, absent


def _median(runs: list[list[float]]) -> float:
    return float(np.median([run[0] for run in runs]))


if __name__ == "__main__":
    main()
