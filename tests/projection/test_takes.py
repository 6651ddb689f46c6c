"""Takes have one writer and one reader; what a person projects, or changes by hand, is none of them."""

import json
import shutil
from pathlib import Path

import pytest
from markupsafe import escape

import estimation as qc
from estimation.cli import cli
from estimation.contest import Contest, load_contest
from estimation.errors import EstimateError
from estimation.evaluation import evaluate
from estimation.projection import make_take, project_contest, read_takes, write_projection
from estimation.projection.takes import read_projection
from estimation.publish.index import write_index
from estimation.simulation.showcase import MOMENT


@pytest.fixture
def contest(demo: Path, tmp_path: Path) -> Contest:
    return load_contest(shutil.copytree(demo, tmp_path / "night"))


def shares(path: Path) -> list[float]:
    return [share["estimate"] for share in json.loads(path.read_text(encoding="utf-8"))["shares"]]


def test_project_never_writes_where_a_watch_writes(contest: Contest) -> None:
    take = make_take(contest, as_of=MOMENT)
    before = take.path.read_bytes()
    cli(["project", str(contest.folder), "--as-of", MOMENT, "--estimator", "ratio"], standalone_mode=False)
    assert take.path.read_bytes() == before
    by_hand = contest.out / "projections" / take.name / "projection.json"
    assert shares(by_hand) != shares(take.path)
    takes = read_takes(contest)
    assert (takes.takes, takes.refused) == ((take,), {})


def test_another_projection_of_the_same_moment_stands_beside_the_first(contest: Contest) -> None:
    ratio, other = (project_contest(contest, as_of=MOMENT, estimator=name) for name in ("ratio", "raked"))
    paths = [write_projection(one) for one in (ratio, other, ratio)]
    assert [path.parent.name for path in paths] == [
        "20241127T183000+0700", "20241127T183000+0700-002", "20241127T183000+0700",
    ]  # fmt: skip
    assert shares(paths[0]) == shares(paths[2]) != shares(paths[1])


def test_a_take_altered_by_hand_is_refused_everywhere_and_said_to_be(contest: Contest) -> None:
    for at in ("2024-11-27T16:30:00+07:00", "2024-11-27T17:30:00+07:00"):
        take = make_take(contest, as_of=at)
    raw = json.loads(take.path.read_text(encoding="utf-8"))
    raw["shares"][0]["estimate"], raw["lead"]["estimate"] = 0.31, 0.38
    take.path.write_text(json.dumps(raw), encoding="utf-8")
    why = "it was changed after it was written: its hash is not the one in take.json"
    assert read_takes(contest).refused == {take.name: why}
    assert read_takes(contest).numbered == 2
    evaluation = evaluate(contest, as_of=MOMENT)
    assert [one.name for one in evaluation.takes] == ["20241127T163000+0700"]
    assert evaluation.refused == {take.name: why}
    course = qc.open(contest.folder).project(as_of=MOMENT).parts("en").course().html
    assert f"{take.name}: {escape(why)}" in course
    html = write_index(contest, "en", contest.about.publish_after).read_text(encoding="utf-8")
    assert "31.0" not in html
    assert "38.0" not in html
    assert "1 take" in html
    with pytest.raises(EstimateError, match="it was changed after it was written"):
        read_projection(take.path, contest)
    with pytest.raises(EstimateError, match="it was changed after it was written"):
        project_contest(contest, as_of=MOMENT, previous=take.path)
    assert make_take(contest, as_of=MOMENT).number == 3
