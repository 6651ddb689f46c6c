"""Every take of a night against the official result, and files that are none."""

import json
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import t

from estimation.contest import load_contest
from estimation.evaluation import Evaluation, evaluate
from estimation.projection import make_take
from estimation.simulation.showcase import MOMENT


@pytest.fixture(scope="module")
def night(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's folder with three takes of its evening, and folders that are no takes."""
    folder = shutil.copytree(demo, tmp_path_factory.mktemp("night") / "demo")
    contest = load_contest(folder)
    for hours in (-2, 0, 2):
        last = make_take(contest, as_of=datetime.fromisoformat(MOMENT) + timedelta(hours=hours))
    raw = json.loads(last.path.read_text(encoding="utf-8"))
    broken = {
        "a-other": {**raw, "contest": "gianyar-2024"},
        "b-schema": {**raw, "level": 95},
        "c-candidates": {**raw, "shares": [{**share, "number": share["number"] + 1} for share in raw["shares"]]},
        "e-mode": {**raw, "mode": "live"},
    }
    broken["c-candidates"]["call"] = {**raw["call"], "winner": 2, "earlier": None}
    for name, value in broken.items():
        put(contest.out / "takes" / name, json.dumps(value), last.record.document())
    put(contest.out / "takes" / "d-cut", last.path.read_text(encoding="utf-8")[:500], last.record.document())
    altered = shutil.copytree(last.path.parent, contest.out / "takes" / "f-altered") / "projection.json"
    altered.write_text(altered.read_text(encoding="utf-8").replace('"low"', '"low" ', 1), encoding="utf-8")
    (shutil.copytree(last.path.parent, contest.out / "takes" / "g-by-hand") / "take.json").unlink()
    return folder


def put(folder: Path, text: str, record: dict[str, Any]) -> None:
    """Write a folder as a take, whose record fits whatever it holds."""
    folder.mkdir()
    (folder / "projection.json").write_text(text, encoding="utf-8")
    record["projection_sha256"] = sha256(text.encode("utf-8")).hexdigest()
    (folder / "take.json").write_text(json.dumps(record), encoding="utf-8")


@pytest.fixture(scope="module")
def evaluation(night: Path) -> Evaluation:
    return evaluate(load_contest(night), as_of=datetime.fromisoformat(MOMENT))


def test_takes_stand_in_the_order_of_writing(evaluation: Evaluation) -> None:
    assert [take.name[9:13] for take in evaluation.takes] == ["1630", "1830", "2030"]
    assert [f"{take.as_of:%H:%M %Z}" for take in evaluation.takes] == ["16:30 WIB", "18:30 WIB", "20:30 WIB"]


def test_a_take_of_the_same_moment_is_the_projection_evaluated(evaluation: Evaluation) -> None:
    for name in ("share:1", "lead", "turnout", "invalid"):
        take, now = evaluation.takes[1].quantity(name), evaluation.quantity(name)
        assert (take.estimate, take.low, take.miss) == pytest.approx((now.estimate, now.low, now.miss), abs=1.1e-9)
        assert take.z == pytest.approx(now.z, abs=1e-5)
        assert take.held == now.held


def test_what_is_no_take_of_this_contest_is_refused_with_the_reason(evaluation: Evaluation) -> None:
    refused = evaluation.refused
    assert list(refused) == ["a-other", "b-schema", "c-candidates", "d-cut", "e-mode", "f-altered", "g-by-hand"]
    assert refused["a-other"] == "it is a take of 'gianyar-2024', not of 'situbondo-2024'"
    assert refused["b-schema"] == "it breaks the schema projection/1 at level: Input should be less than 1"
    assert refused["c-candidates"] == "it has the candidates 2, 3, which are not the contest's"
    assert refused["d-cut"].startswith("it can't be read: ")
    assert refused["e-mode"] == "it is of mode 'live', and the contest is of mode 'demo'"
    assert refused["f-altered"] == "it was changed after it was written: its hash is not the one in take.json"
    assert refused["g-by-hand"].startswith("it has no take.json, so that nothing says it is what a watch wrote")


def test_no_folder_no_takes(demo: Path, tmp_path: Path) -> None:
    e = evaluate(load_contest(demo), as_of=datetime.fromisoformat(MOMENT), takes=tmp_path / "none")
    assert (e.takes, dict(e.refused)) == ((), {})


def changed(folder: Path, change: Callable[[dict[str, Any]], None]) -> Evaluation:
    """Write a take, change it, and evaluate."""
    contest = load_contest(folder)
    take = make_take(contest)
    raw = json.loads(take.path.read_text(encoding="utf-8"))
    shutil.rmtree(take.path.parent)
    change(raw)
    put(take.path.parent, json.dumps(raw), take.record.document())
    return evaluate(contest)


def test_a_take_with_the_wrong_one_ahead_has_its_lead_turned(by_hand) -> None:
    def other_way(raw: dict[str, Any]) -> None:
        raw["lead"] |= {"leader": 2, "runner_up": 1, "estimate": 0.02, "low": -0.01, "high": 0.05}

    (take,) = changed(by_hand(), other_way).takes
    one = take.quantity("lead")
    assert (one.estimate, one.low, one.high) == (-0.02, -0.05, 0.01)
    assert (take.leader_right, take.right) == (False, None)


def test_a_take_with_others_ahead_gives_the_lead_from_its_covariance(by_hand) -> None:
    sent = {i: (50, 60 + i, 90 - i) for i in by_hand.sent}
    official = {f"{i:04d}": (50, 60 + i, 90 - i) for i in range(1, 13)}

    def others(raw: dict[str, Any]) -> None:
        raw["lead"] |= {"leader": 1, "runner_up": 2}
        raw["covariance"] = [[4e-4, -1e-4, -3e-4], [-1e-4, 2e-4, -1e-4], [-3e-4, -1e-4, 4e-4]]
        for share, value in zip(raw["shares"], (0.4, 0.35, 0.25), strict=True):
            share |= {"estimate": value, "df": 6}

    (take,) = changed(by_hand(sent=sent, official=official), others).takes
    one = take.quantity("lead")  # of the third, officially first, over the second
    se = (4e-4 + 2e-4 + 2e-4) ** 0.5
    assert (one.estimate, one.se) == pytest.approx((-0.1, se))
    assert (one.low, one.high) == pytest.approx((-0.1 - t.ppf(0.975, 6) * se, -0.1 + t.ppf(0.975, 6) * se))


@pytest.mark.parametrize(("winner", "right"), [(1, True), (2, False)])
def test_a_call_is_right_or_wrong(by_hand, winner: int, right: bool) -> None:
    (take,) = changed(by_hand(), lambda raw: raw["call"].update(status="called", winner=winner)).takes
    assert take.right is right


def test_a_take_without_a_projection_is_not_judged(by_hand) -> None:
    contest = load_contest(by_hand(sent={1: by_hand.sent[1]}))
    make_take(contest)
    (take,) = evaluate(contest).takes
    assert (take.status, take.leader_right, take.quantity("lead").held) == ("insufficient", None, None)
