"""Many contests from one folder: what changed is projected, what fails stops nothing, the unchanged costs nothing."""

import json
import os
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path

import pytest

from estimation.contest import load_contest
from estimation.errors import EstimationError
from estimation.files import write_text
from estimation.night import batch as module
from estimation.night.batch import batch, batch_document, batch_summary, find_contests
from estimation.night.batch_job import Asked, ContestOutcome, Job
from estimation.projection import project_contest, write_projection
from estimation.publish.pages import Page
from estimation.publish.release import place
from estimation.workers.processes import run_named

ALL = '[returns]\nasked = "all"\n\n[estimate]\nestimator = "ratio"\n'


def returns(count: int, first: int = 120) -> list[dict[str, object]]:
    """Give the returns of the first stations of the small frame, a minute apart."""
    return [
        {
            "tps_id": f"{i:04d}",
            "received_at": f"2024-11-27T14:{i:02d}:00+07:00",
            "votes_1": first + i,
            "votes_2": 90,
            "invalid": 3,
            "total": first + i + 93,
        }
        for i in range(1, count + 1)
    ]


class Here:
    """Works in this process, which is warm: what the pool of processes does has tests of its own."""

    def submit(self, name: str, *arguments: object) -> Future[object]:
        future: Future[object] = Future()
        future.set_result(run_named(name, arguments))
        return future


@pytest.fixture(autouse=True)
def here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "processes" not in request.fixturenames:
        monkeypatch.setattr("estimation.workers.jobs.open_pool", lambda *_, **__: nullcontext(Here()))
        monkeypatch.setattr(module, "warm", lambda _: None)


@pytest.fixture
def processes() -> None:
    """Ask for real processes."""


@pytest.fixture
def root(make_contest: Callable[..., Path], tmp_path: Path) -> Path:
    """Give a folder of three contests: a, b and, a folder deeper, c."""
    for name in ("a", "b", "more/c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        make_contest(returns=returns(9), extra_toml=ALL).rename(tmp_path / name)
    return tmp_path


def states(root: Path, asked: Asked | None = None) -> dict[str, str]:
    return {result.folder.name: result.state for result in batch(root, asked).results}


def stamps(root: Path) -> dict[Path, int]:
    """Say when each file of the contests was written."""
    return {path: path.stat().st_mtime_ns for path in root.rglob("out/**/*") if path.is_file()}


def test_contests_are_found_in_the_order_of_their_paths(root: Path, tmp_path: Path) -> None:
    for name in (".hidden", "a/inner", "none"):
        (root / name).mkdir()
    for name in (".hidden", "a/inner"):
        (root / name / "contest.toml").write_text("")
    (root / "linked").symlink_to(root / "b")
    (root / "round").symlink_to(root)
    assert [path.relative_to(root).as_posix() for path in find_contests(root)] == ["a", "b", "linked", "more/c"]
    assert find_contests(root / "b") == [root / "b"]
    with pytest.raises(EstimationError, match=r"none: no contest\.toml is in it or in any folder below: name the"):
        find_contests(root / "none")
    with pytest.raises(EstimationError, match="gone: there is no such folder"):
        find_contests(root / "gone")


@pytest.mark.slow
def test_a_take_is_what_project_writes(processes: None, root: Path) -> None:
    done = batch(root, workers=2)
    assert [result.state for result in done.results] == ["computed"] * 3
    take = root / "a/out/takes/20241127T140900+0700/projection.json"
    assert done.results[0].take == take
    assert take.read_bytes() == write_projection(project_contest(load_contest(root / "a")), root / "alone").read_bytes()
    assert done.failed == 0
    assert batch_summary(done) == ["3 contests: 3 projected, 0 unchanged, 0 failed"]


def test_what_is_unchanged_is_passed_over_and_what_changed_is_projected(root: Path) -> None:
    batch(root)
    before = stamps(root)
    assert states(root) == {"a": "unchanged", "b": "unchanged", "c": "unchanged"}
    assert stamps(root) == before
    (root / "b/inbox/late.csv").write_text(
        "tps_id,received_at,votes_1,votes_2,invalid,total\n0010,2024-11-27T15:00:00+07:00,150,90,3,243\n"
    )
    assert states(root) == {"a": "unchanged", "b": "computed", "c": "unchanged"}
    second = root / "b/out/takes/20241127T150000+0700"
    assert json.loads((second / "projection.json").read_text())["sample"]["used"] == 10
    assert json.loads((second / "take.json").read_text())["number"] == 2
    assert states(root, Asked(estimator="separate")) == {"a": "computed", "b": "computed", "c": "computed"}


@pytest.mark.slow
def test_a_take_that_is_gone_or_was_overwritten_is_made_again(root: Path) -> None:
    first = batch(root)
    take = first.results[0].take
    assert take is not None
    write_text(take, take.read_text().replace("0.", "0.1", 1))
    again = batch(root)
    assert [result.state for result in again.results] == ["computed", "unchanged", "unchanged"]
    assert again.results[0].take == take.parent.with_name("20241127T140900+0700-002") / "projection.json"


@pytest.mark.slow
def test_an_edit_that_changes_no_number_makes_no_new_take(root: Path) -> None:
    batch(root)
    toml = root / "a/contest.toml"
    toml.write_text("# edited\n" + toml.read_text())
    assert states(root)["a"] == "computed"
    assert [path.name for path in (root / "a/out/takes").iterdir()] == ["20241127T140900+0700"]
    assert states(root)["a"] == "unchanged"


def test_failures_are_told_and_stop_nothing(root: Path) -> None:
    batch(root)
    (root / "a/contest.toml").write_text("x = [")
    frame = root / "b/frame.csv"
    frame.write_text(frame.read_text().replace("0002,JAWA,KOTA,B", "0002,JAWA,KOTA,"))
    (root / "more/c/inbox/more.csv").write_text("tps_id,votes_1,votes_2,invalid,total\n0010,1,1,0,2\n")
    done = batch(root)
    assert [result.state for result in done.results] == ["failed", "failed", "computed"]
    assert done.failed == 2
    assert batch_summary(done)[0] == "3 contests: 1 projected, 0 unchanged, 2 failed"
    assert batch_summary(done)[1].startswith("a: a/contest.toml: this is not valid TOML (")
    assert batch_summary(done)[2:] == [
        "b: b/frame.csv: 1 places in the frame must be mended",
        "b: E104 b/frame.csv, line 3, column district: an area name is blank: write the name of the area",
    ]
    said = batch_document(done)
    assert (said["schema"], said["contests"], said["computed"], said["failed"]) == ("batch/1", 3, 1, 2)
    rows = json.loads((root / "internal/overview.json").read_text())["contests"]
    assert [row["status"] for row in rows][:2] == ["failed", "failed"]
    assert (rows[0]["share"], rows[1]["as_of"]) == (None, "2024-11-27T14:09:00+07:00")  # b's last good projection


def broken(job: Job) -> ContestOutcome:
    raise ZeroDivisionError("never")


def test_a_fault_of_the_program_is_told_with_its_trace(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("estimation.night.batch_job.project_contest", broken)
    done = batch(root)
    assert [result.state for result in done.results] == ["failed"] * 3
    assert done.results[0].error.startswith("TypeError: ")
    assert "this is a fault of the program: report it" in done.results[0].error
    assert "Traceback" in done.results[0].trace


DIES = """
import os, signal
from estimation.night.batch_job import run

def dies(job):
    # over a always, and over b the first time
    mark = job.folder.parent / f"died-{job.folder.name}"
    if job.folder.name == "a" or (job.folder.name == "b" and not mark.exists()):
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return run(job)
"""


@pytest.mark.slow
def test_a_killed_process_takes_only_its_own_contest_down(
    processes: None, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "code").mkdir()
    (root / "code" / "dying_job.py").write_text(DIES)
    monkeypatch.syspath_prepend(root / "code")
    monkeypatch.setattr(module, "_RUN", "dying_job:dies")
    done = batch(root, workers=2)
    assert [result.state for result in done.results] == ["failed", "computed", "computed"]
    assert "the process at work on it was killed, and so was another that tried it alone" in done.results[0].error
    assert "b: a process was killed while it was in hand; it was done again, and is whole" in batch_summary(done)
    assert states(root)["b"] == "unchanged"


@pytest.mark.slow
def test_looking_back_is_no_take_of_the_night(root: Path) -> None:
    batch(root)
    back = batch(root, Asked(datetime.fromisoformat("2024-11-27T14:05:30+07:00")))
    take = back.results[0].take
    assert take is not None
    assert (take.parent.name, (take.parent / "take.json").exists()) == ("20241127T140530+0700", False)
    assert json.loads(take.read_text())["sample"]["used"] == 5
    assert batch(root).results[0].take == root / "a/out/takes/20241127T140900+0700/projection.json"
    assert [path.name for path in (root / "a/out/takes").iterdir()] == ["20241127T140900+0700"]
    assert take == root / "a/out/projections/20241127T140530+0700/projection.json"


@pytest.mark.slow
def test_a_call_is_remembered(root: Path) -> None:
    """A call of an earlier take that no longer holds is withdrawn, and no take forgets it silently."""
    toml = root / "a/contest.toml"
    toml.write_text(toml.read_text() + "min_received = 0.3\nmin_per_stratum = 0\nagree = false\ndrift = 0.0\n")
    frame = (root / "a/inbox/returns.csv").read_text()
    first = batch(root).results[0].take
    assert first is not None
    assert json.loads(first.read_text())["call"]["status"] == "called"
    rows = [f"{i:04d},2024-11-27T16:{i:02d}:00+07:00,1,{180 + 9 * i},3,{184 + 9 * i}" for i in range(1, 10)]
    head = frame.splitlines()[0]
    (root / "a/inbox/corrected.csv").write_text("\n".join([head, *rows]) + "\n")
    second = batch(root).results[0].take
    assert second is not None
    said = json.loads(second.read_text())
    assert (said["call"]["withdrawn"], said["call"]["earlier"]) == (True, 1)
    assert json.loads((root / "internal/overview.json").read_text())["contests"][0]["status"] == "withdrawn"


def test_a_planned_take_waits_until_it_is_due(make_contest: Callable[..., Path], tmp_path: Path) -> None:
    folder = make_contest(stations=60, returns=returns(20))
    (folder / "contest.toml").write_text(
        (folder / "contest.toml").read_text() + "[estimate]\ntakes = 2\n[design]\nn=40\n"
    )
    (folder / "out").mkdir()
    drawn = [f"{i:04d},all,{40 / 60!r},{60 / 40!r},simple" for i in range(1, 41)]
    (folder / "out/sample.csv").write_text("\n".join(["tps_id,stratum,probability,weight,method", *drawn]) + "\n")
    folder.rename(tmp_path / "p")
    waits = batch(tmp_path).results[0]
    assert (waits.state, waits.take) == ("unchanged", None)
    assert waits.waits.endswith("the next of 2 planned takes is due at 50.0 %")
    assert json.loads((tmp_path / "internal/overview.json").read_text())["contests"][0]["status"] is None


def fake_render(contest, *, kind, language, parameters, now):  # type: ignore[no-untyped-def]
    """Write a page that says what it was made with."""
    placement = place(contest, now)
    if contest.folder.name == "b":
        raise EstimationError("the notebook failed in cell 3")
    path = write_text(placement.folder / f"{kind}-{language}.html", json.dumps(parameters))
    return Page(path, "headline", 0, placement)


@pytest.mark.slow
def test_pages_are_made_where_their_input_changed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("estimation.night.batch_job.render", fake_render)

    def pages() -> list[tuple[str, ...]]:
        return [tuple(page.state for page in r.pages) for r in batch(root, kinds=["projection"]).results]

    assert pages() == [("made",), ("failed",), ("made",)]
    page = root / "a/out/internal/projection-id.html"
    assert json.loads(page.read_text()) == {"as_of": "2024-11-27T14:09:00+07:00", "estimator": None, "previous": None}
    assert pages() == [("unchanged",), ("failed",), ("unchanged",)]
    assert json.loads((root / "internal/overview.json").read_text())["contests"][0]["page"] == (
        "../a/out/internal/projection-id.html"
    )
    (root / "a/boundaries.geojson").write_text("{}")
    assert pages() == [("made",), ("failed",), ("unchanged",)]
    page.unlink()
    (root / "more/c/inbox/late.csv").write_text(
        "tps_id,received_at,votes_1,votes_2,invalid,total\n0010,2024-11-27T15:00:00+07:00,150,90,3,243\n"
    )
    assert pages() == [("made",), ("failed",), ("made",)]
    toml = root / "a/contest.toml"
    toml.write_text(toml.read_text().replace("[[cand", 'release = "public"\nregistration = "KPU 1"\n\n[[cand', 1))
    assert pages()[0] == ("made",)
    assert (root / "a/out/reports/projection-id.html").is_file()
    done = batch(root, kinds=["projection"], languages=["en", "id"])
    assert [(page.language, page.state) for page in done.results[0].pages] == [("id", "unchanged"), ("en", "made")]
    assert done.failed == 2
    assert "b, page projection-en: the notebook failed in cell 3" in batch_summary(done)


@pytest.mark.slow
def test_with_a_ledger_a_second_run_finds_nothing_changed(root: Path) -> None:
    toml = root / "a/contest.toml"
    toml.write_text(toml.read_text().replace("[returns]\n", '[returns]\nledger = "out/ledger.sqlite"\n'))
    os.utime(root / "a/inbox/returns.csv", (1.7e9, 1.7e9))
    assert states(root)["a"] == "computed"
    assert states(root)["a"] == "unchanged"
    toml.write_text(toml.read_text().replace("out/ledger.sqlite", "env:QUICKCOUNT_NOWHERE"))
    done = batch(root)
    assert (done.results[0].state, done.results[1].state) == ("failed", "unchanged")
    assert "the variable QUICKCOUNT_NOWHERE is not set" in done.results[0].error
