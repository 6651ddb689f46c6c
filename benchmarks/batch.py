"""How fast a night of many contests is projected: 545 folders of `quickcount batch`, on two processes.

Made from a seed: 435,296 stations, shared over 545 contests of very unequal size as Indonesia's regencies are; two to
five candidates, the votes of each district spread over villages and stations, an earlier election by village; 300
stations drawn by district (half of them where a contest has fewer than 600); the returns of the drawn ones as two
files, with misread digits, corrections, duplicates and stations that never report.

Measured, each run in a process of its own: the projections without pages of the first 55, 272 and 545 contests; the
same again with nothing changed; what the time goes to, over a sample of contests in one warm process; and some pages.
Memory and processor time are those of the command and all processes below it together.

    PYTHONPATH=src python benchmarks/batch.py [FOLDER]     # FOLDER keeps the contests for the next time
"""

import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from functools import partial, wraps
from pathlib import Path

import numpy as np
import pandas as pd
from machine import HERE, save

from estimation.contest import load_contest
from estimation.frame import load_frame
from estimation.sampling import design_of, draw, write_draw
from estimation.seeds import generator

sys.path.insert(0, str(HERE.parent / "tools"))

from demo_evening import returns
from demo_population import PATH, Facts, largest_remainder, simulate

CONTESTS, STATIONS, SEED = 545, 435_296, "batch"
SMALLEST, SPREAD = 60, 0.7  # stations; standard deviation of the logarithm of the sizes
PER_DISTRICT, PER_VILLAGE = 60, 5  # 435,296 stations lay in 7,277 districts and 83,762 villages
ROLL = 468  # registered voters a station: 203,657,354 over all
PARTS = (55, 272, 545)
PAGES = 20
CLOSES = datetime.fromisoformat("2024-11-27T13:00:00+07:00")
SYLLABLES = [a + b for a in "bdgklmnprstw" for b in "aiu"]
WORKERS = 2
TARGET_SECONDS, TARGET_MB = 40, 2048
PROFILED = range(40, 60)  # contests

HEAD = """\
[contest]
id = "{code}"
title = "Pemilihan Bupati {name} 2024"
kind = "bupati"
election_day = 2024-11-27
timezone = "Asia/Jakarta"
publish_after = 2024-11-27T15:00:00+07:00
rule = "plurality"

[baseline]
path = "baseline.csv"
level = "village"

[design]
strata = "district"
method = "stratified"
n = {n}
seed = "{code}"
"""


def sizes() -> list[int]:
    """Share the stations over the contests."""
    weight = np.exp(generator(SEED, "sizes").normal(0, SPREAD, CONTESTS))
    return [SMALLEST + int(n) for n in largest_remainder(STATIONS - SMALLEST * CONTESTS, weight)]


def lay_out(root: Path) -> None:
    """Write all contest folders; those that are there already are left alone."""
    asked = list(enumerate(sizes()))
    with ProcessPoolExecutor(2) as pool:
        for _ in pool.map(partial(make, root), asked, chunksize=4):
            pass


def make(root: Path, asked: tuple[int, int]) -> None:
    """Write one contest folder, its sample drawn and its returns in."""
    number, stations = asked
    code = f"k{number:03d}"
    folder = root / code
    if folder.exists():
        return
    rng = generator(SEED, code)
    facts = imagine(rng, number, stations)
    population = simulate(facts, code)
    stage = Path(tempfile.mkdtemp(dir=root, prefix="."))
    (stage / "inbox").mkdir()
    shares = rng.dirichlet(np.full(int(rng.choice([1, 2, 3, 4], p=[0.45, 0.35, 0.15, 0.05])), 3.0))
    pairs = [f"{word(rng)} {word(rng)} – {word(rng)} {word(rng)}" for _ in range(len(shares) + 1)]
    head = HEAD.format(code=code, name=facts.regency.title(), n=min(300, stations // 2))
    tables = [f'\n[[candidates]]\nnumber = {i}\nname = "{name}"\n' for i, name in enumerate(pairs, 1)]
    (stage / "contest.toml").write_text(head + "".join(tables), encoding="utf-8")
    population.frame.to_csv(stage / "frame.csv", index=False)
    parted(population.baseline, shares, "votes_").to_csv(stage / "baseline.csv", index=False)
    contest = load_contest(stage)
    frame, design = load_frame(contest), design_of(contest)
    sample = draw(frame, design)
    write_draw(contest, frame, design, sample)
    drawn = set(frame.table["tps_id"].iloc[sample.rows])
    for table, prefix, name in zip(
        returns(population, CLOSES, code), ("votes_", "suara_"), ("laporan", "koreksi"), strict=True
    ):
        tps = table.columns[0]
        known = table[tps].isin(drawn) | ~table[tps].isin(set(population.frame["tps_id"]))
        parted(table[known], shares, prefix).to_csv(stage / "inbox" / f"{name}.csv", index=False)
    stage.rename(folder)


def imagine(rng: np.random.Generator, number: int, stations: int) -> Facts:
    """Invent what would be published about a regency: its districts, villages, roll and votes."""
    regency = f"{word(rng)} {word(rng)}".upper()
    districts = max(2, round(stations / PER_DISTRICT))
    total = 4 + largest_remainder(stations - 4 * districts, rng.gamma(4, 1, districts))
    valid = np.rint(total * ROLL * rng.normal(0.68, 0.04, districts)).astype(np.int64)
    first = np.rint(valid * np.clip(rng.normal(rng.normal(0.5, 0.09), 0.08, districts), 0.1, 0.9)).astype(np.int64)
    names = [f"{word(rng)}{i}".upper() for i in range(districts)]
    votes = pd.DataFrame(
        {"district": names, "tps_total": total, "votes_1": first, "votes_2": valid.astype(np.int64) - first}
    )
    rows = []
    for d, (name, tps) in enumerate(zip(names, total, strict=True)):
        villages = max(1, int(tps) // PER_VILLAGE)
        for v in range(villages):
            code = f"{1001 + number:04d}{d:03d}{v:03d}"
            rows.append(
                (code, f"PROVINSI {number // 15}", regency, name, f"{word(rng)} {v}".upper(), int(rng.integers(2, 9)))
            )
    columns = ["village_code", *PATH, "tps_february_2024"]
    return Facts(regency, stations * ROLL, None, votes, pd.DataFrame(rows, columns=columns), pd.DataFrame())


def word(rng: np.random.Generator) -> str:
    """Invent a name."""
    return "".join(rng.choice(SYLLABLES, int(rng.integers(2, 5)))).capitalize()


def parted(table: pd.DataFrame, shares: np.ndarray, prefix: str) -> pd.DataFrame:
    """Share the second candidate's votes over the others, in every row alike but for rounding."""
    second = table[f"{prefix}2"].to_numpy()
    bounds = np.rint(np.cumsum(shares)[None, :] * second[:, None]).astype(np.int64)
    votes = np.diff(bounds, axis=1, prepend=0)
    return table.assign(**{f"{prefix}{j + 2}": votes[:, j] for j in range(len(shares))})


def run(root: Path, *words: str) -> dict[str, float | str]:
    """Run the command once: seconds, processor seconds of it and all below it, and their memory together."""
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent / "src")}
    command = [sys.executable, "-m", "estimation", "batch", str(root), "--workers", str(WORKERS), *words]
    before, begin = os.times(), time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    peak, ticks = 0.0, dict[int, int]()
    while process.poll() is None:
        peak = max(peak, look(process.pid, ticks))
        time.sleep(0.1)
    seconds, after = time.perf_counter() - begin, os.times()
    said = process.stdout.read().splitlines() if process.stdout else []
    if process.returncode:
        raise SystemExit("\n".join(said))
    # those that nobody waited for are not in the first, those that lived for less than a look not in the second
    waited = after.children_user + after.children_system - before.children_user - before.children_system
    cpu = max(waited, sum(ticks.values()) / os.sysconf("SC_CLK_TCK"))
    return {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
        "peak_mb": round(peak),
        "said": "; ".join(said[:-1]),
    }


def look(process: int, ticks: dict[int, int]) -> float:
    """Note the processor time of a process and those below it; gives their memory in MB, shared pages once (PSS)."""
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
        own = next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1024
        said = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        below = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
    except (OSError, StopIteration):  # it has ended
        return 0.0
    ticks[process] = int(said[11]) + int(said[12])
    return own + sum(look(int(child), ticks) for child in below)


def fresh(root: Path, source: Path, numbers: range) -> Path:
    """Give a folder of some contests, as they were before anything was projected."""
    shutil.rmtree(root, ignore_errors=True)
    for number in numbers:
        shutil.copytree(
            source / f"k{number:03d}",
            root / f"k{number:03d}",
            ignore=shutil.ignore_patterns("takes", "batch.json", "watch.lock", "internal"),
        )
    return root


def parts(root: Path) -> dict[str, float]:
    """Measure what the processor time of a contest goes to, in milliseconds: the least of five runs, in one process."""
    from estimation.night import batch_job

    spent: dict[str, float] = {}
    for name, (module, function) in STEPS.items():
        home = importlib.import_module(f"estimation.{module}")
        setattr(home, function, timed(name, getattr(home, function), spent))
    folders, least = sorted(root.iterdir()), {}
    for turn in range(6):
        for folder in folders:
            shutil.rmtree(folder / "out" / "takes", ignore_errors=True)
            (folder / "out" / "batch.json").unlink(missing_ok=True)
            spent.clear()
            begin = time.process_time()
            batch_job.run(batch_job.Job(folder, batch_job.Asked()))
            took = {**spent, "all of it": time.process_time() - begin}
            for name, value in took.items() if turn else ():
                least[folder, name] = min(value, least.get((folder, name), value))
    names = [*STEPS, "all of it"]
    return {n: round(1000 * sum(least[folder, n] for folder in folders) / len(folders), 1) for n in names}


STEPS = {
    "contest.toml": ("night.batch_job", "load_contest"),
    "frame and baseline": ("projection.inputs", "load_frame"),
    "sample": ("projection.inputs", "read_sample"),
    "returns: reading": ("projection.inputs", "_intake"),
    "returns: checks and resolution": ("projection.inputs", "resolve"),
    "estimates by every method": ("projection.compute", "estimate_all"),
    "call": ("projection.compute", "decide"),
    "results by area": ("projection.compute", "by_area"),
    "JSON and CSV": ("night.batch_job", "write_take"),
}


def timed(name: str, function: Callable[..., object], spent: dict[str, float]) -> Callable[..., object]:
    """Add up the processor time of a function."""

    @wraps(function)
    def wrapped(*words: object, **named: object) -> object:
        begin = time.process_time()
        try:
            return function(*words, **named)
        finally:
            spent[name] = spent.get(name, 0.0) + time.process_time() - begin

    return wrapped


def main() -> None:
    """Make the contests, measure, and write the results."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(sys.argv[1] if len(sys.argv) > 1 else scratch) / "contests"
        source.mkdir(parents=True, exist_ok=True)
        lay_out(source)
        night = {}
        for number in PARTS:
            root = fresh(Path(scratch) / "night", source, range(number))
            night[str(number)] = {"projected": run(root), "unchanged": run(root)}
        page = (root / "internal" / "overview.html").stat().st_size
        root = fresh(Path(scratch) / "pages", source, range(PAGES))
        run(root)
        pages = run(root, "--pages")
        steps = parts(fresh(Path(scratch) / "parts", source, PROFILED))
        drawn = [len((p / "out/sample.csv").read_text(encoding="utf-8").splitlines()) - 1 for p in source.iterdir()]
    whole = night[str(CONTESTS)]["projected"]
    each = {key: float(pages[key]) / PAGES for key in ("seconds", "cpu_seconds")}
    save(
        "batch",
        {
            "input": f"{CONTESTS} contests, {STATIONS} stations, {sum(drawn)} drawn, {WORKERS} workers",
            "load_at_start": round(load, 2),
            "night": night,
            "cpu_ms_of_one_contest": steps,
            "overview_kb": round(page / 1024),
            "pages": {
                "made": PAGES,
                **pages,
                "cpu_seconds_each": round(each["cpu_seconds"], 2),
                "minutes_for_all": round(each["seconds"] * CONTESTS / 60, 1),
                "minutes_for_all_by_cpu": round(each["cpu_seconds"] * CONTESTS / WORKERS / 60, 1),
            },
            "target": {"seconds": TARGET_SECONDS, "peak_mb": TARGET_MB},
            "met": float(whole["seconds"]) < TARGET_SECONDS and float(whole["peak_mb"]) < TARGET_MB,
        },
    )


if __name__ == "__main__":
    main()
