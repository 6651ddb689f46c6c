"""When a take is made, what it remembers, and that one is never written over."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from estimation.contest import load_contest
from estimation.decision import Call, Progress
from estimation.errors import EstimateError
from estimation.projection import (
    ProjectionRecord,
    Take,
    TakeRecord,
    Takes,
    project_contest,
    projection_document,
    read_takes,
    write_projection,
)
from estimation.projection.record import CallRecord
from estimation.projection.takes import is_due, planned_step

from .conftest import FakePages, drop


def take(number: int, call: Call, step: int | None = None) -> Take:
    verdict = CallRecord(
        status=call.status, winner=call.winner, withdrawn=call.withdrawn, earlier=call.earlier, reasons=["so"]
    )
    return Take(
        Path(f"takes/{number}/projection.json"),
        TakeRecord.model_construct(number=number, step=step),
        ProjectionRecord.model_construct(as_of=None, call=verdict),
    )


LEADING, CALLED, OTHER = Call("leading", 1, ()), Call("called", 1, ()), Call("called", 2, (), False, 1)
STANDS, GONE = Call("called", 1, (), False, 1), Call("leading", 1, (), True, 1)


@pytest.mark.parametrize(
    ("calls", "number"),
    [
        ([], None),
        ([LEADING], None),
        ([CALLED], 1),
        ([LEADING, CALLED, STANDS, STANDS], 2),
        ([CALLED, STANDS, GONE], 3),
        ([CALLED, GONE, GONE], 2),
        ([CALLED, GONE, OTHER], 3),
        ([CALLED, LEADING], None),
    ],
)
def test_what_is_remembered_is_the_take_that_decided(calls: list[Call], number: int | None) -> None:
    history = Takes(tuple(take(i, call) for i, call in enumerate(calls, 1)))
    held = history.remembered()
    assert (held and held.number) == number


def test_planned_takes_are_parts_of_the_information(make_small) -> None:
    contest = load_contest(make_small("takes = 4\n"))

    def step(fraction: float, drawn: int = 12) -> int | None:
        return planned_step(contest, Progress(6, drawn, 3, 3, 0, stations=24, fraction=fraction))

    assert [step(f) for f in (0.0, 0.24, 0.25, 0.5, 0.99, 1.0)] == [0, 0, 1, 2, 3, 4]
    assert step(0.5, drawn=24) is None  # where all are asked there is no such plan
    assert planned_step(load_contest(make_small()), Progress(6, 12, 3, 3, 0, fraction=0.5)) is None
    done = take(1, LEADING, step=2)
    assert [is_due(s, done, 4) for s in (None, 1, 2, 3)] == [True, False, False, True]
    assert is_due(4, take(2, LEADING, step=4), 4)  # all is in: corrections are projected


def test_a_take_can_be_made_again_when_more_has_come_in(small: Path, play) -> None:
    drop(small, "a.csv", [0, 1, 2, 3])
    night = play(small, once=True, pages=FakePages(small))
    contest, (first,) = load_contest(small), read_takes(load_contest(small)).takes
    drop(small, "b.csv", [4, 5])
    drop(small, "correction.csv", [1], first=100)  # of the same minute: the moment of receipt can't tell it apart
    play(small, once=True)
    second = read_takes(contest).last
    assert second is not None
    assert json.loads(second.path.read_bytes())["sample"]["used"] == 6
    for take in (first, second):
        known = datetime.fromisoformat(take.record.recorded_by)
        again = project_contest(contest, recorded_by=known)
        assert projection_document(again)["shares"] == take.projection.document()["shares"]
        assert again.provenance["returns_sha256"] == take.projection.provenance.returns_sha256
        assert again.options == {"recorded-by": contest.local(known).isoformat()}
    assert first.projection.shares != second.projection.shares
    assert [dict(parameters) for *_, parameters in night.pages.started] == [
        {"previous": None, "recorded_by": first.record.recorded_by}
    ]


def test_what_a_ledger_held_can_be_asked_only_where_there_is_one(small: Path) -> None:
    drop(small, "a.csv", [0, 1, 2, 3])
    now = datetime.now(UTC)
    with pytest.raises(EstimateError, match="asks what the ledger held, and small keeps none or a file of returns is"):
        project_contest(load_contest(small), recorded_by=now)


@pytest.mark.slow
def test_takes_of_one_moment_stand_side_by_side(small: Path, play) -> None:
    drop(small, "a.csv", [1, 2, 9])
    night = play(small, {20: lambda: drop(small, "b.csv", [3, 4]), 40: lambda: drop(small, "c.csv", [5])}, until=70)
    names = ["20241127T180900+0700", "20241127T180900+0700-002", "20241127T180900+0700-003"]
    assert night.takes() == names
    used = [
        json.loads((small / "out/takes" / name / "projection.json").read_text())["sample"]["used"] for name in names
    ]
    assert used == [3, 5, 6]
    history = read_takes(load_contest(small))
    assert [(t.number, t.name) for t in history.takes] == list(enumerate(names, 1))
    assert not list((small / "out").glob(".take*"))


@pytest.mark.slow
def test_what_is_projected_by_hand_is_no_take_of_the_night(small: Path, play) -> None:
    drop(small, "a.csv", [1, 2])
    play(small, until=5)
    contest = load_contest(small)
    (first,) = read_takes(contest).takes
    by_hand = write_projection(project_contest(contest, estimator="ratio", level=0.5))
    assert by_hand == contest.out / "projections" / first.name / "projection.json"
    night = play(small, {2: lambda: drop(small, "b.csv", [3, 4])}, until=20)
    takes = read_takes(contest)
    assert [take.number for take in takes.takes] == [1, 2]
    assert (takes.takes[0], takes.refused) == (first, {})
    assert night.said("alarm") == []


@pytest.mark.slow
def test_a_take_that_was_overwritten_is_passed_over_aloud(small: Path, play) -> None:
    drop(small, "a.csv", [1, 2])
    play(small, until=5)
    path = next((small / "out" / "takes").glob("*/projection.json"))
    said = json.loads(path.read_text())
    path.write_text(json.dumps({**said, "call": {**said["call"], "reasons": ["changed"]}}))
    night = play(small, {2: lambda: drop(small, "b.csv", [3])}, until=20)
    assert [line[:46] for line in night.said("alarm")] == ["the take 20241127T180200+0700 is passed over: "]
    assert "it was changed after it was written" in night.said("alarm")[0]
    assert night.takes() == ["20241127T180200+0700", "20241127T180200+0700-002", "20241127T180300+0700"]
    assert [take.number for take in read_takes(load_contest(small)).takes] == [2, 3]
