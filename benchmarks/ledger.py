"""How fast a night of the country is read, checked and entered: 170,000 returns as CSV, XLSX, JSON, many small files.

A contest of 170,000 stations in 545 regencies with three candidates; 3 % of the returns don't add up: quarantined.
SQLite on this disk, and PostgreSQL where QUICKCOUNT_TEST_POSTGRES names a server. Each run is a new process with a new
ledger; the clock runs from the opened ledger to the commit, the frame's loading in it. Then, of the one CSV, in the
same process: the same returns in another file (all known), the chain verified, the state read back and settled; and of
every kind of files a second look at the unchanged inbox. The processor's seconds are given too: the machine is shared.
"""

import json
import os
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from machine import HERE, save, spread

STATIONS, REGENCIES, RUNS, TARGET = 170_000, 545, 3, 20_000
SIZES = (42_500, 85_000, 170_000)  # of the one CSV, for the cost by returns
SMALL = (5_000, 10_000, 20_000)  # files of one return

CONTEST = """\
[contest]
id = "large"
title = "A large contest"
kind = "gubernur"
election_day = 2024-11-27
timezone = "Asia/Jakarta"
publish_after = 2024-11-27T15:00:00+07:00
rule = "plurality"

[returns]
timezone = "Asia/Jakarta"
columns = { 1000747 = "votes_1", 1000748 = "votes_2", 1000749 = "votes_3" }

"""

WORK = textwrap.dedent("""
    import json, resource, sys, time
    from pathlib import Path
    import numpy as np
    from estimation.contest import load_contest
    from estimation.frame import load_frame
    from estimation.returns import resolve
    from estimation.returns.ledger import ingest, intake, open_ledger, verify_chain

    folder, inbox, database, more = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
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
    done = measured("enter", lambda: ingest(ledger, inbox, settle=0))
    said["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    said["files"], said["rows"] = done.read, done.entered.rows
    assert not done.failed and not done.waiting and done.entered.kinds["received"] == done.entered.rows
    said["quarantined"] = done.entered.kinds["quarantined"]
    again = measured("unchanged", lambda: ingest(ledger, inbox, settle=0))
    assert again.unchanged == done.read
    if more:
        known = measured("known", lambda: ingest(ledger, Path(more), settle=0)).entered
        assert known.duplicates == done.entered.rows and "received" not in known.kinds
        measured("verify", lambda: verify_chain(ledger))
        state = measured("read_back", lambda: intake(ledger))
        frame = load_frame(contest)
        measured("settle", lambda: resolve(contest, frame, state, np.arange(len(frame))))
    print(json.dumps(said))
""")


def lay_out(folder: Path) -> pd.DataFrame:
    """Write the contest and its frame; gives the returns."""
    rng = np.random.default_rng(1)
    i = np.arange(STATIONS)
    names = "".join(f'[[candidates]]\nnumber = {j}\nname = "Candidate {j}"\n' for j in (1, 2, 3))
    (folder / "contest.toml").write_text(CONTEST + names, encoding="utf-8")
    frame = pd.DataFrame(
        {
            "tps_id": [f"{k:013d}" for k in i],
            "province": "P",
            "regency": [f"R{k * REGENCIES // STATIONS}" for k in i],
            "district": [f"D{k // 60}" for k in i],
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
    return returns


def one_csv(returns: pd.DataFrame, to: Path, end: str = "\n") -> None:
    """Write all of them into one file."""
    returns.to_csv(to / "returns.csv", index=False, lineterminator=end)


def of_regencies(returns: pd.DataFrame) -> Sequence[tuple[str, pd.DataFrame]]:
    """Part the returns by regency."""
    regency = np.arange(len(returns)) * REGENCIES // STATIONS
    return [(f"{number:03d}", part) for number, part in returns.groupby(regency)]


def csvs(returns: pd.DataFrame, to: Path) -> None:
    """Write a CSV for each regency."""
    for name, part in of_regencies(returns):
        part.to_csv(to / f"{name}.csv", index=False, lineterminator="\n")


def workbooks(returns: pd.DataFrame, to: Path) -> None:
    """Write a workbook for each regency."""
    import openpyxl

    for name, part in of_regencies(returns):
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet()
        sheet.append(list(part.columns))
        for row in part.itertuples(index=False):
            sheet.append([cell.item() if isinstance(cell, np.generic) else cell for cell in row])
        book.save(to / f"{name}.xlsx")


def small_csvs(returns: pd.DataFrame, to: Path) -> None:
    """Write a CSV for each return."""
    header = ",".join(returns.columns)
    for number, row in enumerate(returns.itertuples(index=False)):
        text = ",".join(str(cell) for cell in row)
        (to / f"{number:06d}.csv").write_text(f"{header}\n{text}\n", encoding="utf-8")


def documents(returns: pd.DataFrame, to: Path) -> None:
    """Write one JSON for each station, in the layout of a Pilkada, a folder for each four digits."""
    for row in returns.itertuples(index=False):
        chart = {"1000747": row.votes_1, "1000748": row.votes_2, "1000749": row.votes_3, "null": None}
        valid = row.votes_1 + row.votes_2 + row.votes_3
        adm = {"suara_sah": valid, "suara_tidak_sah": row.invalid, "suara_total": row.total}
        adm |= {"pemilih_dpt_j": row.registered, "pengguna_total_j": row.total}
        images = [f"https://x/{row.tps_id}-20241127-150000--{page}.jpg" for page in range(3)]
        document = {"mode": "hhcw", "tungsura": {"chart": chart, "administrasi": adm}, "images": images}
        document |= {"psu": "Reguler", "ts": row.received_at[:19].replace("T", " ")}
        document |= {"status_suara": True, "status_adm": True}
        folder = to / row.tps_id[:10]
        folder.mkdir(exist_ok=True)
        (folder / f"{row.tps_id}.json").write_text(json.dumps(document), encoding="utf-8")


def measure(folder: Path, inbox: Path, database: str, more: Path | str = "") -> dict[str, float]:
    """Run in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent / "src")}
    command = [sys.executable, "-c", WORK, str(folder), str(inbox), database, str(more)]
    said = subprocess.run(command, check=True, capture_output=True, env=environment, text=True).stdout
    return dict(json.loads(said))


def summary(runs: list[dict[str, float]]) -> dict[str, object]:
    """Give the seconds of each part, and returns per second."""
    parts = [name for name in ("enter", "unchanged", "known", "verify", "read_back", "settle") if name in runs[0]]
    result: dict[str, object] = {}
    for name in (name for part in parts for name in (part, f"{part}_cpu")):
        result[name] = spread([run[name] for run in runs])
    rows = runs[0]["rows"]
    speed = rows / float(np.median([run["enter"] for run in runs]))
    by_cpu = rows / float(np.median([run["enter_cpu"] for run in runs]))
    memory = {name: round(max(run[name] for run in runs)) for name in ("before_mb", "peak_mb")}
    counts = {name: runs[0][name] for name in ("files", "rows", "quarantined")}
    return {**counts, **result, **memory, "returns_per_second": round(speed), "returns_per_cpu_second": round(by_cpu)}


def measured(
    folder: Path, returns: pd.DataFrame, write: Callable[[pd.DataFrame, Path], None], runs: int
) -> dict[str, object]:
    """Write returns as files of a kind, and enter them some times, each time in a new ledger."""
    with tempfile.TemporaryDirectory(dir=folder) as inbox:
        write(returns, Path(inbox))
        return summary(
            [measure(folder, Path(inbox), str(Path(inbox) / ".ledger" / f"{n}.sqlite")) for n in range(runs)]
        )


def main() -> None:
    """Measure, and write the results."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        returns = lay_out(folder)
        load = os.getloadavg()[0]
        for name, end in (("inbox", "\n"), ("copy", "\r\n")):
            (folder / name).mkdir()
            one_csv(returns, folder / name, end)
        inbox, copy = folder / "inbox", folder / "copy"
        runs = [measure(folder, inbox, str(folder / f"{number}.sqlite"), copy) for number in range(RUNS)]
        size = (folder / "0.sqlite").stat().st_size / 2**20
        result: dict[str, object] = {"one CSV": {**summary(runs), "file_mb": round(size)}}
        result[f"{REGENCIES} CSV files"] = measured(folder, returns, csvs, RUNS)
        result[f"{REGENCIES} XLSX workbooks"] = measured(folder, returns, workbooks, 1)
        result["one JSON a station"] = measured(folder, returns, documents, 1)
        for number in SMALL:
            result[f"{number:,} CSV files of one return"] = measured(folder, returns[:number], small_csvs, RUNS)
        for number in SIZES[:-1]:
            result[f"one CSV of {number:,}"] = measured(folder, returns[:number], one_csv, RUNS)
        server = os.environ.get("QUICKCOUNT_TEST_POSTGRES")
        if server:
            result["one CSV, postgresql"] = summary([measure(folder, inbox, on_server(server), copy)])
    speed = summary(runs)["returns_per_second"]
    about = f"{STATIONS:,} returns of a contest with as many stations, 3 % of them quarantined"
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
