"""The scoreboard: the predictor against the usual answers, on real elections, at every part of the returns.

One command replays all cases (see ``cases.py``), keeps each as it is done, so that it can be stopped and goes on, and
writes ``results/scoreboard.json`` and the tables that README.md shows.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the cores are for processes

import argparse
import hashlib
import io
import json
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from cases import Case, cases, lay_out
from machine import describe
from summary import document, tables

import estimation
from estimation.estimators.multilevel import Constants
from estimation.files import write_bytes
from estimation.simulation.backtest import Replay
from estimation.simulation.backtest.replay import replay_block, true_quantities

RESULTS = Path(__file__).resolve().parent / "results"
FITTED = ("delta", "tau", "kappa", "phi")  # the constants that [estimate] has
CHANGING = ("estimators", "survey", "simulation/backtest", "simulation/arrivals", "sampling")


def main() -> None:
    """Run what is missing, then judge all."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--replicates", type=int, help="in place of 200 (100 for a province)")
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--only", default="", help="groups whose name begins so")
    options.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "quickcount-scoreboard")
    options.add_argument("--done", action="store_true", help="replay nothing more: judge the cases that are kept")
    given = options.parse_args()
    todo = [case for case in cases() if case.group.startswith(given.only)]
    if given.replicates:
        todo = [replace(case, replicates=given.replicates) for case in todo]
    code, begin, waiting = source(), time.perf_counter(), []
    every = len(todo)
    if given.done:
        todo = [case for case in todo if (given.keep / f"{key(case, code)}.npz").is_file()]
    with ProcessPoolExecutor(given.workers) as pool:
        for case in todo:
            path = given.keep / f"{key(case, code)}.npz"
            if not path.is_file():
                waiting.append(pool.submit(run, case, path))
        for done, future in enumerate(as_completed(waiting), start=1):
            seconds, label = future.result()
            print(f"{done}/{len(waiting)}  {label}  {seconds:.1f} s", flush=True)
    held = [(case, *load(given.keep / f"{key(case, code)}.npz")) for case in todo]
    written = document(held) | origin(todo) | {"cases": len(todo), "of": every}
    written |= {"seconds": round(time.perf_counter() - begin, 1), "machine": describe()}
    if not given.only:
        text = json.dumps(written, ensure_ascii=False, separators=(",", ":")).replace('],["', '],\n["')
        (RESULTS / "scoreboard.json").write_text(text + "\n", encoding="utf-8")
    print(tables(written))


def origin(todo: Sequence[Case]) -> dict[str, object]:
    """Say when and of what the board is: nights, elections, and the predictor's constants where a case sets none."""
    constants = {name: value for name, value in asdict(Constants()).items() if name in FITTED}
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "nights": sum(case.replicates for case in todo),
        "elections": sorted({case.election for case in todo}),
        "constants": constants,
    }


def source() -> str:
    """Name the code whose numbers these are."""
    root, digest = Path(estimation.__file__).parent, hashlib.sha256()
    for folder in CHANGING:
        for path in sorted((root / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def key(case: Case, code: str) -> str:
    """Name a case and the code."""
    text = json.dumps(asdict(case), sort_keys=True, default=str) + code
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:20]


def run(case: Case, path: Path) -> tuple[float, str]:
    """Replay a case and keep what it says."""
    begin = time.process_time()
    at = lay_out(case)
    parts = [replay_block(at, block) for block in range(at.plan.blocks)]
    replay = Replay(*(np.concatenate(values) for values in zip(*parts, strict=True)))
    names, truth = true_quantities(at.population)
    held = io.BytesIO()
    fields = {name: value.astype(np.float32) for name, value in replay._asdict().items()}
    np.savez_compressed(held, names=np.array(names), truth=truth, **fields)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, held.getvalue())
    return time.process_time() - begin, case.label


def load(path: Path) -> tuple[list[str], np.ndarray, dict[str, np.ndarray]]:
    """Read what a case said: names, truth, and the arrays of its replay."""
    with np.load(path, allow_pickle=False) as held:
        arrays = {name: held[name].astype(np.float64) for name in Replay._fields}
        return held["names"].tolist(), held["truth"], arrays


if __name__ == "__main__":
    main()
