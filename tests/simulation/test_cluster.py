"""Backtests and batches on a real Dask cluster: a scheduler and workers in processes of their own, on loopback."""

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from estimation.workers import jobs

pytestmark = pytest.mark.slow

PLAN = ["--n", 60, "--strata", "district", "--seed", 5, "--replicates", 250, "--received", "0.25,1"]
PLAN += ["--estimator", "multilevel,ratio"]
HIDDEN = "import sys; sys.modules['estimation'] = None; from distributed.cli.dask_worker import main; main()"


@contextmanager
def process(*words: object) -> Iterator[subprocess.Popen[bytes]]:
    """Keep a process of ours running."""
    with subprocess.Popen(
        [sys.executable, *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as it:
        try:
            yield it
        finally:
            it.terminate()
            it.wait(timeout=20)


@contextmanager
def scheduler(folder: Path) -> Iterator[str]:
    """Start a scheduler on a free port; gives its address."""
    file = folder / "scheduler.json"
    own = ["--host", "tcp://127.0.0.1", "--port", 0, "--no-dashboard", "--scheduler-file", file]
    with process("-m", "distributed.cli.dask_scheduler", *own) as it:
        address = ""
        end = time.monotonic() + 60
        while not address:
            assert it.poll() is None, "the scheduler ended"
            assert time.monotonic() < end, "the scheduler did not start"
            time.sleep(0.1)
            if file.is_file() and file.stat().st_size:
                address = json.loads(file.read_text(encoding="utf-8"))["address"]
        yield address


@contextmanager
def worker(address: str, folder: Path, number: int, *program: str) -> Iterator[None]:
    """Start a worker and wait until there are so many."""
    from distributed import Client

    own = [address, "--host", "127.0.0.1", "--nthreads", 2, "--no-nanny", "--no-dashboard", "--local-directory", folder]
    with process(*(program or ("-m", "distributed.cli.dask_worker")), *own):
        with Client(address, timeout=30) as client:
            client.wait_for_workers(number, timeout=60)
        yield


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("dask")
    with scheduler(folder) as address, worker(address, folder, 1):
        yield address


def test_a_cluster_gives_the_same_bytes_as_one_process(run, large, cluster, tmp_path):
    folder = shutil.copytree(large.contest.folder, tmp_path / "contest")
    alone, spread = tmp_path / "alone.json", tmp_path / "spread.json"

    def compare() -> bytes:
        assert run("backtest", folder, *PLAN, "--workers", 1, "--json", alone)[0] == 0
        status, _, err = run("backtest", folder, *PLAN, "--cluster", cluster, "--json", spread)
        assert status == 0, err
        assert spread.read_bytes() == alone.read_bytes()
        return spread.read_bytes()

    first = compare()
    assert len(json.loads(first)["rows"]) == 2 * 2 * 4  # parts, estimators; two shares, the lead, turnout
    # a worker lives on, and must not hold on to what a file said before
    official = folder / "official.csv"
    lines = official.read_text(encoding="utf-8").splitlines()
    kept = [line for i, line in enumerate(lines) if i % 7 or i == 0]
    official.write_text("\n".join(kept) + "\n", encoding="utf-8")
    assert compare() != first


def test_a_batch_on_a_cluster_writes_what_one_process_writes(run, demo, cluster, tmp_path):
    for root in ("alone", "spread"):
        for name in ("one", "two"):
            shutil.copytree(demo, tmp_path / root / name)
        (tmp_path / root / "bad").mkdir()
        (tmp_path / root / "bad" / "contest.toml").write_text("id = ", encoding="utf-8")
    asked = ["--as-of", "2024-11-27T18:30:00+07:00"]
    alone = run("batch", tmp_path / "alone", *asked, "--workers", 1)
    spread = run("batch", tmp_path / "spread", *asked, "--cluster", cluster)
    assert alone[0] == spread[0] == 1  # one of the three can't be read, and stops no other
    assert "3 contests: 2 projected, 0 unchanged, 1 failed" in spread[1]
    takes = sorted((tmp_path / "alone").glob("*/out/takes/*/projection.json"))
    assert [take.parts[-5] for take in takes] == ["one", "two"]
    for take in takes:
        assert take.read_bytes() == (tmp_path / "spread" / take.relative_to(tmp_path / "alone")).read_bytes()


def test_a_worker_without_the_package_is_named_and_not_waited_for(run, large, cluster, tmp_path):
    with worker(cluster, tmp_path, 2, "-c", HIDDEN):
        status, _, err = run("backtest", large.contest.folder, *PLAN, "--cluster", cluster)
    assert status == 1
    assert "has no quickcount (" in err
    assert err.rstrip().endswith("install the same everywhere")


def test_a_scheduler_without_workers_is_not_waited_for(run, large, tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "ANSWER_SECONDS", 1.0)
    with scheduler(tmp_path) as address:
        status, _, err = run("backtest", large.contest.folder, *PLAN, "--cluster", address)
    assert status == 1
    assert err.endswith(f"the scheduler has no worker: start one with dask worker {address}\n")


def test_where_nothing_listens_it_says_so_soon(run, large):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
    begin = time.monotonic()
    status, _, err = run("backtest", large.contest.folder, *PLAN, "--cluster", address)
    assert time.monotonic() - begin < 3 * jobs.ANSWER_SECONDS
    assert status == 1
    assert f"error: --cluster {address}: no Dask scheduler answers there (Timed out trying to connect to" in err
    assert "give the address that dask scheduler shows, such as tcp://10.0.0.1:8786" in err


@pytest.mark.parametrize("address", ["somewhere", "http://127.0.0.1:8786"])
def test_what_is_no_address_is_said(run, large, address):
    status, _, err = run("backtest", large.contest.folder, *PLAN, "--cluster", address)
    assert status == 1
    assert err.startswith(f"error: --cluster {address}: no Dask scheduler answers there (")
