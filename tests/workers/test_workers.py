"""Named functions in other processes: results, errors, limits, and what is left when processes are killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from pathlib import Path

import psutil
import pytest

from estimation.errors import EstimationError
from estimation.workers import Done, JobError, WorkerDiedError, WorkerLimitError, Workers, open_pool, run_each

CODE = """
import os, signal, subprocess, sys, time
from estimation.errors import FrameError
from estimation.workers import Workers

def fails(text):
    raise FrameError(text)

def hangs(folder):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with open(os.path.join(folder, "pids"), "w") as stream:
        stream.write(f"{os.getpid()} {child.pid}")
    while True:
        pass

def clears_up(folder):
    try:
        open(os.path.join(folder, "begun"), "w").close()
        time.sleep(600)
    finally:
        open(os.path.join(folder, "cleared"), "w").close()

def odd(number):
    if number == 3:
        raise LookupError("three")
    if number % 7 == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number

def outer():
    with Workers() as workers:
        return os.getpid(), workers.submit("os:getpid").result(), os.getpgid(0)

def unsendable():
    return lambda: None

def counts():
    counts.number = getattr(counts, "number", 0) + 1
    return counts.number
"""


@pytest.fixture(autouse=True)
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "workers_code.py").write_text(CODE)
    monkeypatch.syspath_prepend(tmp_path / "code")


def wait(until: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


def pids(folder: Path) -> list[int]:
    wait(lambda: (folder / "pids").exists() and len((folder / "pids").read_text().split()) == 2)
    return [int(word) for word in (folder / "pids").read_text().split()]


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_result_and_errors_come_back() -> None:
    with Workers() as workers:
        assert workers.submit("operator:add", 1, 2).result() == 3
        error = workers.submit("workers_code:fails", "line 3").exception()
        assert (type(error).__name__, str(error)) == ("FrameError", "line 3")
        fault = workers.submit("workers_code:odd", 3).exception()
        assert isinstance(fault, JobError)
        assert str(fault) == "LookupError: three"
        assert 'raise LookupError("three")' in fault.trace
        unknown = workers.submit("workers_code:nothing").exception()
        assert isinstance(unknown, JobError)
        assert "nothing" in str(unknown)
        unsent = workers.submit("workers_code:unsendable").exception()
        assert isinstance(unsent, JobError)
        assert "can't be sent" in str(unsent)


def test_a_worker_is_used_again_and_a_fresh_one_is_not() -> None:
    with Workers() as workers:
        assert [workers.submit("workers_code:counts").result() for _ in range(3)] == [1, 2, 3]
    with Workers(fresh=True) as workers:
        assert [workers.submit("workers_code:counts").result() for _ in range(3)] == [1, 1, 1]


def test_a_killed_worker_takes_only_its_own_job_down() -> None:
    with Workers(2) as workers:
        died = workers.submit("os:abort")
        others = [workers.submit("workers_code:odd", number) for number in (1, 2, 4, 5)]
        with pytest.raises(WorkerDiedError, match="ended with status -6: was it killed, or short of memory"):
            died.result()
        assert [other.result() for other in others] == [1, 4, 16, 25]


def test_a_job_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    begin = time.monotonic()
    with Workers(limit_seconds=1.5) as workers:
        with pytest.raises(WorkerLimitError, match=r"it took longer than 1\.5 seconds and was ended"):
            workers.submit("workers_code:hangs", str(tmp_path)).result()
        assert time.monotonic() - begin < 10
        wait(lambda: all(gone(pid) for pid in pids(tmp_path)))
        assert workers.submit("operator:add", 1, 2).result() == 3


def test_a_job_that_needs_too_much_memory_is_ended() -> None:
    with Workers(limit_mb=200) as workers:
        assert len(workers.submit("builtins:bytes", 50 * 2**20).result()) == 50 * 2**20
        with pytest.raises(WorkerLimitError, match="it needed more than 200 MB of memory and was ended"):
            workers.submit("builtins:bytearray", 300 * 2**20).result()
        assert workers.submit("operator:add", 1, 2).result() == 3


def test_what_is_at_work_when_workers_are_closed_is_ended_and_may_clear_up(tmp_path: Path) -> None:
    workers = Workers(grace=5.0, quiet=True)
    running = workers.submit("workers_code:clears_up", str(tmp_path))
    waiting = workers.submit("operator:add", 1, 2)
    wait((tmp_path / "begun").exists)
    workers.close()
    assert (tmp_path / "cleared").exists()
    assert isinstance(running.exception(), WorkerDiedError)
    with pytest.raises(CancelledError):
        waiting.result()


def test_a_worker_may_have_a_worker() -> None:
    with Workers() as workers:
        outer, inner, group = workers.submit("workers_code:outer").result()
    assert outer != inner
    assert group == outer  # it is not in the group of the terminal, so that Ctrl+C is not for it
    assert os.getpgid(0) != group
    wait(lambda: gone(outer) and gone(inner))


SCRIPT = """
import sys
sys.path.insert(0, {code!r})
from estimation.workers import Workers
open({ran!r}, "a").write("x")
with Workers() as workers:
    workers.submit("workers_code:hangs", {folder!r}).result()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_worker_outlives_the_process_that_started_it_however_that_ends(
    tmp_path: Path, number: signal.Signals
) -> None:
    """The script has no ``if __name__ == "__main__"``, and is not run a second time for the worker."""
    ran = tmp_path / "ran"
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(code=str(tmp_path / "code"), ran=str(ran), folder=str(tmp_path)))
    with subprocess.Popen([sys.executable, str(script)], stderr=subprocess.DEVNULL) as process:
        worker, below = pids(tmp_path)
        started = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
        assert {worker, below} <= set(started)
        process.send_signal(number)
        process.wait(20)
    wait(lambda: all(gone(pid) for pid in started))
    assert ran.read_text() == "x"


def test_a_fork_server_that_was_killed_is_started_anew() -> None:
    with Workers() as workers:
        worker = psutil.Process(workers.submit("os:getpid").result())
        worker.parent().kill()
        worker.kill()
        wait(lambda: not worker.is_running())
        assert isinstance(workers.submit("os:getpid").exception(), WorkerDiedError)
        assert workers.submit("operator:add", 1, 2).result() == 3


def test_no_module_of_the_working_directory_is_imported_in_anothers_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong one')")
    script = "from estimation.workers import Workers\nwith Workers(preload=['json']) as w:\n"
    script += "    print(w.submit('json:dumps', [1]).result())"
    command = [sys.executable, "-P", "-c", script]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout == "[1]\n"


def test_every_job_ends_once() -> None:
    ended: list[Done[int]] = []
    run_each("workers_code:odd", range(1, 20), count=3, report=ended.append)
    assert sorted(done.job for done in ended) == list(range(1, 20))
    assert {done.job: done.result for done in ended if done.result is not None} == {
        n: n * n for n in range(1, 20) if n not in (3, 7, 14)
    }
    assert next(done.error for done in ended if done.job == 3) == "LookupError: three"
    lost = [done for done in ended if "was killed, and so was another that tried it alone" in done.error]
    assert sorted(done.job for done in lost) == [7, 14]
    assert all(done.again for done in lost)


def test_no_workers_can_not_work() -> None:
    with pytest.raises(EstimationError, match="--workers 0: at least 1 is needed"), open_pool(0):
        pass
