"""A watch that is killed again and again writes the same takes, byte for byte, as one that never was."""

import multiprocessing
import random
import sys
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from estimation.cli import main
from estimation.contest import load_contest
from estimation.returns.ledger import open_ledger, verify_chain

from .conftest import drop

KILLS = 50
STEPS = 5
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> multiprocessing.context.ForkServerContext:
    """Give processes that have all imported already, so that a kill hits the work and not the start of Python."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["estimation.cli.watch", "estimation.night.watch", "sqlalchemy.dialects.sqlite"])
    return context


def start(server, folder: Path, *words: str) -> ForkServerProcess:
    """Start the command in a new process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["quickcount", "watch", str(folder), "--no-page", "--settle", "0.05", *words])
        process = server.Process(target=main)
        process.start()
    return process


def finish(server, folder: Path) -> None:
    process = start(server, folder, "--once")
    process.join(60)
    assert process.exitcode == 0


def bring(folder: Path, step: int) -> None:
    """Put in what comes in at a step: returns, a correction, a file that adds up to nothing, one that is no table."""
    drop(folder, f"{step}.csv", [2 * step, 2 * step + 1], first=110 + step)
    if step == 2:
        drop(folder, "correction.csv", [1], first=118, later=1)
    if step == 3:
        drop(folder, "wrong.csv", [3], extra=9, later=1)
        (folder / "inbox" / "no-table.bin").write_bytes(bytes(range(256)))


def written(folder: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in (folder / "out" / "takes").glob("*/projection.json")}


def test_killed_at_fifty_points_the_takes_are_the_same(make_small, server) -> None:
    calm, hit = make_small(), make_small()
    for step in range(STEPS):
        bring(calm, step)
        finish(server, calm)
    rng = random.Random("killed")
    longest = 0.0
    for step in range(STEPS):
        bring(hit, step)
        for _ in range(KILLS // STEPS):
            process = start(server, hit, "--every", "0")
            time.sleep(rng.uniform(0.0, 0.7))
            process.kill()
            process.join()
            assert process.exitcode == -9
        began = time.monotonic()
        finish(server, hit)
        longest = max(longest, time.monotonic() - began)
    assert len(written(calm)) == STEPS
    assert written(hit) == written(calm)
    assert sorted(path.name for path in (hit / "out").iterdir()) == sorted(
        path.name for path in (calm / "out").iterdir()
    )
    ledger = open_ledger(load_contest(hit))
    assert verify_chain(ledger).seq > 0
    ledger.close()
    print(f"{KILLS} kills; the longest resumption took {longest:.2f} s")
