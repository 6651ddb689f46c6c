"""Files of the evening: a half-written one loses nothing and counts nothing twice, at any moment."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimation.contest import load_contest
from estimation.errors import EstimationError
from estimation.frame import load_frame
from estimation.night import Rehearsal, play, prepare_rehearsal
from estimation.night.script import FileWrite, Script
from estimation.returns import read_returns, resolve
from estimation.simulation.faults import Faults
from estimation.simulation.population import open_population

QUIET = Faults().scale(0)


def used(rehearsal: Rehearsal) -> pd.DataFrame:
    """Give the returns that hold, by station; none where nothing can be read yet."""
    contest = rehearsal.contest
    frame = load_frame(contest)
    try:
        intake = read_returns(contest)
    except EstimationError:  # the only file is cut in its header
        return pd.DataFrame()
    held = resolve(contest, frame, intake, np.arange(len(frame))).table
    return held[held["usable"]].set_index("row")


@pytest.mark.parametrize("by", ["quarter", "village"])
def test_half_written_files_never_give_a_wrong_count(town: Path, tmp_path: Path, by: str) -> None:
    toml = (town / "contest.toml").read_text(encoding="utf-8").replace("n = 120", "n = 20")
    (town / "contest.toml").write_text(toml, encoding="utf-8")
    rehearsal = prepare_rehearsal(
        load_contest(town), tmp_path / "gladi", faults=QUIET.change({"half_written": 1.0}), by=by
    )
    script, true = rehearsal.script, open_population(rehearsal.contest).counts
    assert set(script.log["kind"]) == {"half_written"}
    halves = [i for i, event in enumerate(script.events) if not event.whole]
    assert len(halves) >= 8
    for number, event in enumerate(script.events):
        play(Script((event,), script.log), rehearsal.inbox)
        if number in halves[:8]:
            now = used(rehearsal)
            if len(now):
                rows = now.index.to_numpy()
                assert (now[["votes_1", "votes_2"]].to_numpy() == true.votes[rows]).all()
                assert (now["total"].to_numpy() == true.ballots[rows]).all()
    assert len(used(rehearsal)) == 20


def test_a_minute_is_one_new_file_and_a_village_one_that_grows(town: Path, tmp_path: Path) -> None:
    minute = prepare_rehearsal(load_contest(town), tmp_path / "minute", faults=QUIET).script.events
    assert len({event.file for event in minute}) == len(minute)
    assert minute[0].file.startswith("laporan-20241127-1")
    village = prepare_rehearsal(load_contest(town), tmp_path / "village", faults=QUIET, by="village").script.events
    assert len(village) >= 115  # of 120: two returns of one village may come in one second
    last: dict[str, bytes] = {}
    for event in village:
        assert event.content.startswith(last.get(event.file, b"tps_id,received_at,"))
        last[event.file] = event.content
    assert sum(content.count(b"\n") - 1 for content in last.values()) == 120


def test_times_are_written_as_their_clock_says(town: Path, tmp_path: Path) -> None:
    rates = {"naive_time": 0.02, "other_zone": 0.02, "corrected": 0}
    rehearsal = prepare_rehearsal(load_contest(town), tmp_path / "gladi", faults=QUIET.change(rates), by="quarter")
    play(rehearsal.script, rehearsal.inbox)
    sent = pd.concat([pd.read_csv(path, dtype=str) for path in rehearsal.inbox.iterdir()]).set_index("tps_id")
    clean = pd.read_csv(rehearsal.contest.out / "rehearsal" / "clean.csv", dtype=str).set_index("tps_id")
    log = rehearsal.script.log
    assert log["kind"].tolist() == ["naive_time"] * 2 + ["other_zone"] * 2
    for entry in log.itertuples():
        said, right = sent.loc[entry.tps_id, "received_at"], clean.loc[entry.tps_id, "received_at"]
        if entry.kind == "naive_time":
            assert said == right.removesuffix("+07:00")
        else:
            assert said.endswith("+08:00")
            assert pd.Timestamp(said) == pd.Timestamp(right)


def test_the_log_names_the_file_and_the_line(town: Path, tmp_path: Path) -> None:
    rehearsal = prepare_rehearsal(load_contest(town), tmp_path / "gladi", faults=Faults(silent=0), by="village")
    play(rehearsal.script, rehearsal.inbox)
    log = rehearsal.script.log
    coded = log[~log["kind"].isin(["swapped", "unknown_code", "lost_zeros"])]
    for entry in coded.itertuples():
        line = (rehearsal.inbox / entry.file).read_text(encoding="utf-8").splitlines()[entry.line - 1]
        assert line.startswith(f"{entry.tps_id},")


def test_speed_60_plays_an_hour_in_a_minute(tmp_path: Path) -> None:
    events = tuple(FileWrite(second, f"{second}.csv", b"x\n") for second in (3600, 5400, 5400.5, 7200))
    now, slept = [100.0], []

    def sleep(seconds: float) -> None:
        slept.append(round(seconds, 6))
        now[0] += seconds

    done: list[tuple[int, int]] = []
    script = Script(events, pd.DataFrame())
    play(script, tmp_path, speed=60, clock=lambda: now[0], sleep=sleep, progress=lambda i, n: done.append((i, n)))
    assert slept == [60, 30, 0.008333, 29.991667]
    assert done == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["3600.csv", "5400.5.csv", "5400.csv", "7200.csv"]


def test_at_once_nobody_sleeps(tmp_path: Path) -> None:
    def never(seconds: float) -> None:
        raise AssertionError(seconds)

    play(Script((FileWrite(3600, "a.csv", b"x\n"),), pd.DataFrame()), tmp_path, sleep=never)
    assert (tmp_path / "a.csv").read_bytes() == b"x\n"
