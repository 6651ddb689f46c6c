"""``quickcount watch``: what it says and how it ends."""

import json
from pathlib import Path

import pytest

from estimation.night.lock import locked

ASKED = '[returns]\nasked = "all"\n[estimate]\nestimator = "ratio"\n'


def rows(stations: int) -> str:
    lines = [f"{i:04d},2024-11-27T18:{i:02d}:00+07:00,{88 + i},90,5,{183 + i}" for i in range(1, stations + 1)]
    return "\n".join(["tps_id,received_at,votes_1,votes_2,invalid,total", *lines, ""])


def test_one_round_for_a_person_and_for_a_program(run, make_contest, tmp_path: Path) -> None:
    folder = make_contest(returns=rows(6), extra_toml=ASKED)
    status, out, err = run("watch", folder, "--once", "--no-page", "--settle", 0, "--json", "-")
    assert status == 0, err
    events = [json.loads(line) for line in out.splitlines()]
    assert [event["event"] for event in events] == ["start", "take", "end"]
    assert events[1]["sample"] == {"drawn": 12, "received": 6, "used": 6}
    assert Path(events[1]["path"]) == folder / "out" / "takes" / "20241127T180600+0700" / "projection.json"
    said = [line[10:] for line in err.splitlines()]
    assert said[0] == "watching A small contest (live)"
    assert said[1] == "take 1, as of 18:06:00 WIB: 6 of 12 stations used (+6), 0 kept out"
    log = tmp_path / "events.jsonl"
    for _ in range(2):
        assert run("watch", folder, "--once", "--no-page", "--settle", 0, "--json", log)[0] == 0
    assert [json.loads(line)["event"] for line in log.read_text().splitlines()] == ["start", "end"] * 2


def test_nothing_to_show_is_status_one(run, make_contest) -> None:
    status, out, _ = run("watch", make_contest(extra_toml=ASKED), "--once", "--no-page")
    assert status == 1
    assert "no returns of the sample yet: the first take waits for one" in out


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--until", "late"], 1, "--until 'late' is no time: write it like 2024-11-27T18:30:00+07:00"),
        (["--until", "2024-11-27T23:00:00"], 1, "has no UTC offset: write it like 2024-11-27T18:30:00+07:00"),
        (["--every", "-1"], 2, "--every"),
        (["--lang", "fr"], 2, "--lang"),
        ([], 1, "there is no sample: draw one with 'quickcount draw"),
    ],
)
def test_wrong_usage(run, make_contest, words: list[str], status: int, message: str) -> None:
    code, _, err = run("watch", make_contest(), *words)
    assert code == status
    assert message in err


def test_a_second_watch_names_the_first(run, make_contest) -> None:
    import os
    from datetime import UTC, datetime

    folder = make_contest(extra_toml=ASKED)
    with locked(folder / "out" / "watch.lock", datetime(2024, 11, 27, 11, tzinfo=UTC)):
        status, _, err = run("watch", folder, "--once")
    assert status == 1
    assert f"process {os.getpid()} on " in err
    assert "watches this contest already, since 2024-11-27T11:00:00+00:00: end that one first" in err
