"""Every draw and commitment is logged in a chain that shows a changed line."""

import json
import shutil
from pathlib import Path

import pytest

import estimation as qc
from estimation.errors import DesignError
from estimation.files import sha256_of
from estimation.sampling.draw_log import LOG, read_draw_log
from estimation.sampling.draw_manifest import write_commitment


@pytest.fixture
def contest(demo: Path, tmp_path: Path) -> qc.OpenContest:
    return qc.open(shutil.copytree(demo, tmp_path / "contest", ignore=shutil.ignore_patterns("out")))


def test_draws_and_commitments_stand_in_the_order_of_writing(contest: qc.OpenContest) -> None:
    first = contest.draw(n=40, seed=1)
    assert not (contest.folder / "out" / LOG).exists()
    path = first.save()
    first.save()  # the same draw is no second one
    second = contest.draw(n=40, seed=2)
    second.save()
    write_commitment(second.contest, second.frame, second.design)
    entries = read_draw_log(contest.settings)
    assert [entry["kind"] for entry in entries] == ["draw", "draw", "commitment"]
    assert [entry["number"] for entry in entries] == [1, 2, 3]
    assert entries[0]["content"]["seed"] == "1"
    assert entries[1]["content"]["sample_sha256"] == sha256_of(path)
    lines = (contest.folder / "out" / LOG).read_bytes().splitlines()
    assert [json.loads(line)["previous"] for line in lines] == ["", *(sha256_of(line) for line in lines[:2])]


@pytest.mark.parametrize("damage", ["change", "remove", "cut"])
def test_a_changed_log_stops_the_next_draw_and_names_the_line(contest: qc.OpenContest, damage: str) -> None:
    for seed in (1, 2, 3):
        contest.draw(n=40, seed=seed).save()
    log = contest.folder / "out" / LOG
    lines = log.read_text(encoding="utf-8").splitlines()
    if damage == "change":
        lines[1] = lines[1].replace('"seed": "2"', '"seed": "9"')
    elif damage == "remove":
        del lines[1]
    else:
        lines[2] = lines[2][:40]
    log.write_text("\n".join(lines) + "\n", encoding="utf-8")
    before = (contest.folder / "out" / "sample.csv").read_bytes()
    number = {"change": 3, "remove": 2, "cut": 3}[damage]
    with pytest.raises(DesignError, match=f"line {number}: this line was changed, or one before it"):
        contest.draw(n=40, seed=4).save()
    assert (contest.folder / "out" / "sample.csv").read_bytes() == before
