"""kill -9 at random points, and several programs at once: the ledger is whole, and ends the same."""

import json
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from estimation.contest import load_contest
from estimation.files import to_json
from estimation.projection import inputs, project_contest, projection_document, write_projection
from estimation.returns.ledger import gather, intake, open_ledger, verify_chain
from estimation.returns.locate import DEFAULT

Form = Callable[..., dict[str, Any]]
MakeContest = Callable[..., Path]
ALL = '[returns]\nasked = "all"\n'

# A worker is forked from a process that has everything imported, so that the signal falls into its work.
KILLED = textwrap.dedent("""
    import json, os, signal, sys, time
    from estimation.contest import load_contest
    from estimation.returns import ledger as book
    from estimation.returns.ledger import append, inbox

    folder, points, databases = json.loads(sys.argv[1])
    append.CHUNK, inbox.FILES = 7, 2  # many small steps: more points at which to die
    contest = load_contest(folder)
    import pandas, pyarrow.compute, pyarrow.csv

    def work(database):
        opened = book.open_ledger(contest, database)
        book.ingest(opened, settle=0)

    def worker(database):
        pid = os.fork()
        if pid == 0:
            work(database)
            os._exit(0)
        return pid

    begin = time.monotonic()
    os.waitpid(worker(databases[0]), 0)
    whole = time.monotonic() - begin
    killed = 0
    for point, database in zip(points, databases[1:]):
        pid = worker(database)
        time.sleep(point * whole)
        os.kill(pid, signal.SIGKILL)
        killed += os.WIFSIGNALED(os.waitpid(pid, 0)[1])
    print(json.dumps(killed))
""")

AT_ONCE = textwrap.dedent("""
    import sys
    from estimation.contest import load_contest
    from estimation.returns import ledger as book
    from estimation.returns.ledger import append

    append.CHUNK = 5
    sys.stdin.readline()
    book.ingest(book.open_ledger(load_contest(sys.argv[1]), sys.argv[2]), settle=0)
""")


def inbox(form: Form, files: int = 6) -> dict[str, Any]:
    """Make files that share returns, correct each other and hold flaws."""
    rng = np.random.default_rng(1)
    rows = [
        form(f"16:{m:02d}", int(a), tps_id=f"{tps:04d}", **({"total": 999} if rng.random() < 0.05 else {}))
        for m, a, tps in zip(
            rng.integers(0, 60, 240), rng.integers(90, 120, 240), rng.integers(1, 13, 240), strict=True
        )
    ]
    return {f"{n}.csv": [rows[i] for i in rng.choice(240, 60, replace=False)] for n in range(files)}


def run(script: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def die_and_resume(folder: Path, tmp_path: Path, points: list[float]) -> None:
    databases = [str(tmp_path / f"{n}.sqlite") for n in range(len(points) + 1)]
    process = run(KILLED, json.dumps([str(folder), points, databases]))
    said, _ = process.communicate()
    assert process.returncode == 0
    assert json.loads(said) >= len(points) // 2  # most died at work, some had just finished
    contest = load_contest(folder)
    states, projections, parts = [], [], 0
    for database in databases:
        ledger = open_ledger(contest, database)
        verify_chain(ledger)
        before = intake(ledger).table
        after = gather(contest, database=database, settle=0)
        verify_chain(ledger)
        assert len(before) <= len(after.table)
        parts += 0 < len(before) < len(after.table)
        states.append(after.sha256)
        ledger.close()
        contest.out.mkdir(exist_ok=True)
        shutil.copyfile(database, contest.folder / DEFAULT)
        projections.append(to_json(projection_document(project_contest(contest))))
    assert states == [states[0]] * len(databases)
    assert projections == [projections[0]] * len(databases)
    assert json.loads(projections[0])["sample"]["used"] >= 10
    assert parts >= len(points) // 10  # some died between two transactions


@pytest.mark.slow
def test_killed_at_a_few_points(make_contest: MakeContest, form: Form, tmp_path: Path) -> None:
    die_and_resume(make_contest(returns=inbox(form, 3), extra_toml=ALL), tmp_path, [0.4, 0.7])


@pytest.mark.slow
def test_killed_at_many_points(make_contest: MakeContest, form: Form, tmp_path: Path) -> None:
    points = np.random.default_rng(2).uniform(0, 1, 50).tolist()
    die_and_resume(make_contest(returns=inbox(form), extra_toml=ALL), tmp_path, points)


def at_once(folder: Path, database: str, programs: int) -> None:
    running = [run(AT_ONCE, str(folder), database) for _ in range(programs)]
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.wait() for process in running] == [0] * programs
    for process in running:
        process.communicate()
    contest = load_contest(folder)
    shared = open_ledger(contest, database)
    verify_chain(shared)
    assert intake(shared).sha256 == gather(contest, database="sqlite://", settle=0).sha256
    shared.close()


@pytest.mark.slow
def test_several_programs_at_once(make_contest: MakeContest, form: Form, database: str) -> None:
    at_once(make_contest(returns=inbox(form)), database, 4)


# --- the projection -------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_same_bytes_whatever_happened_before(demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One straight run; the files in another order, twice and under other names; stopped within each file."""
    from estimation.returns.ledger import ingest
    from estimation.returns.ledger.append import Writer

    def stop(_: Writer) -> None:
        raise RuntimeError("stopped")

    contest = load_contest(demo)
    found = []
    files = sorted((demo / "inbox").iterdir())
    copies = tmp_path / "copies"
    copies.mkdir()
    (copies / "kopie.csv").write_bytes(files[-1].read_bytes())
    for number, order in enumerate(([files[0], files[1]], [files[1], copies, files[0], files[1]])):
        ledger = open_ledger(contest, str(tmp_path / f"{number}.sqlite"))
        for path in order:
            before = verify_chain(ledger)
            with monkeypatch.context() as patch:
                patch.setattr(Writer, "flush", stop)
                with suppress(RuntimeError):  # an unchanged file writes nothing
                    ingest(ledger, path, settle=0, every=True)
            assert verify_chain(ledger) == before
            ingest(ledger, path, settle=0)
        with monkeypatch.context() as patch:
            patch.setattr(inputs, "read_returns", partial(lambda state, *_: state, intake(ledger)))
            take = write_projection(project_contest(contest, returns=demo / "inbox"), tmp_path / str(number))
        found.append(take.read_bytes())
        ledger.close()
    assert found[0] == found[1]
    assert json.loads(found[0])["sample"]["used"] > 200
