"""How fast returns are entered in the ledger: 170,000 in one CSV file, read, checked, hashed and committed.

A contest of 170,000 stations with three candidates; 3 % of the returns don't add up: quarantined. SQLite on this
disk, and PostgreSQL where QUICKCOUNT_TEST_POSTGRES names a server. Each run is a new process with a new ledger; the
clock runs from the opened ledger to the commit, the frame's loading in it. Then, in the same process: the same returns
in another file (all known), the chain verified, the state read back and settled.
"""

import json
import os
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import numpy as np
import pandas as pd
from machine import HERE, save, spread

STATIONS, RUNS, TARGET = 170_000, 3, 20_000

CONTEST = """\
[contest]
id = "large"
title = "A large contest"
kind = "gubernur"
election_day = 2024-11-27
timezone = "Asia/Jakarta"
publish_after = 2024-11-27T15:00:00+07:00
rule = "plurality"
"""

WORK = textwrap.dedent("""
    import json, resource, shutil, sys, time
    from pathlib import Path
    import numpy as np
    from estimation.contest import load_contest
    from estimation.frame import load_frame
    from estimation.returns import resolve
    from estimation.returns.ledger import ingest, intake, open_ledger, verify_chain

    folder, database = Path(sys.argv[1]), sys.argv[2]
    contest = load_contest(folder)
    ledger = open_ledger(contest, database)
    said = {}

    def measured(name, work):
        cpu, begin = time.process_time(), time.perf_counter()
        result = work()
        said[name] = time.perf_counter() - begin
        said[name + "_cpu"] = time.process_time() - cpu
        return result

    said["before_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    entered = measured("enter", lambda: ingest(ledger, folder / "inbox", settle=0)).entered
    said["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    said["kinds"] = entered.kinds
    copy = folder / "copy"
    known = measured("known", lambda: ingest(ledger, copy, settle=0)).entered
    assert known.duplicates == entered.rows and "received" not in known.kinds
    measured("verify", lambda: verify_chain(ledger))
    state = measured("read_back", lambda: intake(ledger))
    frame = load_frame(contest)
    measured("settle", lambda: resolve(contest, frame, state, np.arange(len(frame))))
    print(json.dumps(said))
""")


def lay_out(folder: Path) -> None:
    """Write the contest, its frame and its returns, which stand in two files with other line ends."""
    rng = np.random.default_rng(1)
    i = np.arange(STATIONS)
    names = "".join(f'[[candidates]]\nnumber = {j}\nname = "Candidate {j}"\n' for j in (1, 2, 3))
    (folder / "contest.toml").write_text(CONTEST + names, encoding="utf-8")
    frame = pd.DataFrame(
        {
            "tps_id": [f"{k:013d}" for k in i],
            "province": "P",
            "regency": [f"R{k // 5000}" for k in i],
            "district": [f"D{k // 300}" for k in i],
            "village": [f"V{k // 15}" for k in i],
            "tps": [f"{k % 15:03d}" for k in i],
            "registered": rng.integers(250, 600, STATIONS),
        }
    )
    frame.to_csv(folder / "frame.csv", index=False)
    votes, invalid = rng.integers(20, 70, (STATIONS, 3)), rng.integers(0, 9, STATIONS)
    seconds = pd.to_timedelta(rng.integers(0, 20_000, STATIONS), unit="s")
    received = (pd.Timestamp("2024-11-27T14:00:00") + seconds).strftime("%Y-%m-%dT%H:%M:%S+07:00")
    returns = pd.DataFrame({"tps_id": frame["tps_id"], "received_at": received, "source": "officer"})
    returns[["votes_1", "votes_2", "votes_3"]] = votes
    returns["invalid"], returns["total"] = invalid, votes.sum(axis=1) + invalid
    returns["registered"] = frame["registered"]
    returns.loc[rng.random(STATIONS) < 0.03, "total"] += 1
    for name, end in (("inbox", "\n"), ("copy", "\r\n")):
        (folder / name).mkdir()
        returns.to_csv(folder / name / f"{name}.csv", index=False, lineterminator=end)


def measure(folder: Path, database: str) -> dict[str, object]:
    """Run in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent / "src")}
    command = [sys.executable, "-c", WORK, str(folder), database]
    said = subprocess.run(command, check=True, capture_output=True, env=environment, text=True).stdout
    return dict(json.loads(said))


def summary(runs: list[dict[str, object]]) -> dict[str, object]:
    """Give the seconds of each part, and returns per second."""
    parts = ("enter", "enter_cpu", "known", "verify", "read_back", "settle")
    result: dict[str, object] = {name: spread([float(run[name]) for run in runs]) for name in parts}
    speed = STATIONS / float(np.median([run["enter"] for run in runs]))
    by_cpu = STATIONS / float(np.median([run["enter_cpu"] for run in runs]))
    memory = {name: round(max(float(run[name]) for run in runs)) for name in ("before_mb", "peak_mb")}
    return {**result, **memory, "returns_per_second": round(speed), "returns_per_cpu_second": round(by_cpu)}


def main() -> None:
    """Measure, and write the results."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        lay_out(folder)
        load = os.getloadavg()[0]
        runs = [measure(folder, str(folder / f"{number}.sqlite")) for number in range(RUNS)]
        size = (folder / "0.sqlite").stat().st_size / 2**20
        result = {"sqlite": {**summary(runs), "file_mb": round(size)}}
        server = os.environ.get("QUICKCOUNT_TEST_POSTGRES")
        if server:
            result["postgresql"] = summary([measure(folder, on_server(server))])
    speed = result["sqlite"]["returns_per_second"]
    about = f"{STATIONS} returns in one CSV file, 3 % of them quarantined"
    save(
        "ledger", {"input": about, "load_at_start": round(load, 2), **result, "target": TARGET, "met": speed >= TARGET}
    )


def on_server(server: str) -> str:
    """Make a new schema on the server; it is left there, as the server is one for tests."""
    import psycopg

    schema = f"b{time.time_ns()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
    return f"{server}?options=-csearch_path%3D{schema}"


if __name__ == "__main__":
    main()
