"""The watch as a program: how quick, on a disk that is full, ended by a signal, and with pages that are killed."""

import json
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from estimation.contest import load_contest
from estimation.projection import read_takes

from .conftest import drop

pytestmark = pytest.mark.slow


@contextmanager
def running(folder: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the command beside the test."""
    command = [sys.executable, "-m", "estimation", "watch", str(folder), "--json", str(folder / "events.jsonl"), *words]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def events(folder: Path, kind: str) -> list[dict]:
    path = folder / "events.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [event for event in map(json.loads, lines) if event["event"] == kind]


def wait(until: Callable[[], object], seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


def takes(folder: Path) -> list[Path]:
    return sorted((folder / "out" / "takes").glob("*/projection.json"))


def test_the_order_of_files_and_copies_of_them_change_no_byte(make_small, play) -> None:
    files = [[0, 1, 2], [3, 4], [5], [6, 7, 8, 9]]

    def last(order: list[int], copies: bool) -> bytes:
        folder = make_small()
        for i in order:
            drop(folder, f"{i}.csv", files[i], first=95)  # so close that nobody is called on the way
            if copies:
                shutil.copyfile(folder / "inbox" / f"{i}.csv", folder / "inbox" / f"copy-{i}.csv")
            play(folder, once=True, settle=0)
        return read_takes(load_contest(folder)).takes[-1].path.read_bytes()

    straight = last([0, 1, 2, 3], False)
    assert json.loads(straight)["sample"] == {"drawn": 12, "received": 10, "used": 10}
    assert last([3, 2, 1, 0], False) == straight
    assert last([2, 3, 0, 1], True) == straight


def test_a_take_comes_within_two_seconds_and_a_signal_ends_the_watch(small: Path) -> None:
    drop(small, "a.csv", [0, 1])
    with running(small, "--no-page", "--every", "0") as process:
        wait(lambda: takes(small))
        waits = []
        for i in range(2, 6):
            path = drop(small, f"{i}.csv", [i])
            count = i
            wait(lambda count=count: len(takes(small)) == count)
            waits.append(takes(small)[-1].stat().st_ctime - path.stat().st_mtime)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    print(f"from a new file to a new projection.json: {min(waits):.2f} … {max(waits):.2f} s")
    spent = [event["seconds"] for event in events(small, "take")[1:]]
    # what is left is waiting: until the inbox is looked at, and until the file is taken to be whole
    assert max(w - s["projecting"] - s["writing"] for w, s in zip(waits, spent, strict=True)) < 2.0
    assert json.loads((small / "out" / "status.json").read_text())["state"] == "ended"
    assert [event["text"] for event in events(small, "end")] == ["stopped"]


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="no limit can be put on another process here")
def test_a_disk_that_fills_and_is_freed(small: Path) -> None:
    drop(small, "a.csv", [0, 1])
    with running(small, "--no-page", "--every", "0") as process:
        wait(lambda: takes(small))
        before = takes(small)[0].read_bytes()
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1, hard))  # no file may grow beyond a byte
        drop(small, "b.csv", [2])
        time.sleep(4)
        assert process.poll() is None
        assert [path.read_bytes() for path in takes(small)] == [before]
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        wait(lambda: len(takes(small)) == 2)
        status = small / "out" / "status.json"  # that could not be written either
        wait(lambda: status.exists() and not json.loads(status.read_text())["troubles"])
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert json.loads(takes(small)[1].read_text())["sample"]["used"] == 3


def test_a_page_outlives_whoever_makes_it_and_nobody_outlives_the_watch(small: Path) -> None:
    drop(small, "a.csv", [0, 1, 2, 3])
    page = small / "out" / "internal" / "projection-en.html"
    good = '<html>\n<body class="mode-live">\n<p>The last good page</p>\n</body>\n</html>\n'
    page.parent.mkdir()
    page.write_text(good, encoding="utf-8")
    made = datetime.now(UTC) - timedelta(minutes=7)
    paths = {"en": "out/internal/projection-en.html"}
    before = {"page": {"take": "earlier", "placement": "internal", "made_at": made.isoformat(), "paths": paths}}
    (small / "out" / "status.json").write_text(json.dumps(before), encoding="utf-8")
    with running(small, "--lang", "en") as process:
        me = psutil.Process(process.pid)
        wait(lambda: _runs(me))
        for run in _runs(me):
            run.kill()
        wait(lambda: events(small, "trouble"))
        assert page.read_text(encoding="utf-8") == good
        trouble = events(small, "trouble")[0]
        assert trouble["part"] == "page"
        assert trouble["what"] == "the process at work on it ended with status -9: was it killed, or short of memory?"
        assert len(takes(small)) == 1
        wait(lambda: _runs(me))  # it is tried again; now the watch itself is killed
        started = me.children(recursive=True)
        process.kill()
        process.wait()
        assert psutil.wait_procs(started, timeout=20)[1] == []
    with running(small, "--lang", "en", "--once") as process:
        assert process.wait(60) == 0
    assert "<h1>A small contest</h1>" in page.read_text(encoding="utf-8")
    status = json.loads((small / "out" / "status.json").read_text())
    assert (status["page"]["take"], status["page"]["paths"]) == (takes(small)[0].parent.name, paths)


def _runs(process: psutil.Process) -> list[psutil.Process]:
    """Find what makes a page, once it has begun: the page worker, and all that it started."""
    runs = []
    for server in process.children():
        with suppress(psutil.NoSuchProcess):  # a zombie is one too
            for worker in server.children():
                below = worker.children(recursive=True)
                runs += [worker, *below] if below else []
    return runs
