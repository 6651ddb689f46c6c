"""The plan: which designs stand beside the contest's own, and what the earlier election must have."""

import dataclasses

import numpy as np
import pytest

from estimation.contest import load_contest
from estimation.errors import DesignError
from estimation.frame import load_frame
from estimation.sampling import draw, write_draw
from estimation.sampling.design import design_of
from estimation.simulation.design_plan import OWN, plan_design

PLAIN = ["simple", "stratified", "systematic", "pivotal"]


@pytest.fixture
def folder(make_contest):
    folder = make_contest(stations=60, extra_toml="[design]\nn = 12\n")
    rows = [f"{i:04d},{90 + i % 20},{110 - i % 20},0,200" for i in range(1, 61)]
    (folder / "official.csv").write_text("tps_id,votes_1,votes_2,invalid,total\n" + "\n".join(rows) + "\n")
    return folder


@pytest.mark.parametrize(
    ("changes", "own", "labels"),
    [
        ({}, "stratified", PLAIN),
        ({"method": "pivotal"}, "pivotal", PLAIN),
        ({"method": "pivotal", "strata": "registered?"}, OWN, [*PLAIN, OWN]),
        ({"strata": "registered/3lh"}, "stratified", PLAIN),
        ({"allocation": "equal"}, OWN, [*PLAIN, OWN]),
        ({"method": "two-stage"}, OWN, [*PLAIN, OWN]),
    ],
)
def test_the_own_design_stands_among_others(folder, changes, own, labels):
    found = plan_design(load_contest(folder), replicates=4, changes=changes)
    assert found.own == own
    assert found.comparison["design"].drop_duplicates().tolist() == labels
    assert found.answers[-1].own.n == len(found.sample)
    assert set(found.areas["design"]) == {own}


def test_an_earlier_election_must_have_the_columns(folder, make_contest):
    rows = load_frame(load_contest(folder)).table.assign(jarak=np.arange(60.0)).to_dict("records")
    contest = load_contest(make_contest(stations=rows, extra_toml="[design]\nn = 12\n"))
    with pytest.raises(DesignError, match="goes by column 'jarak', which the earlier election's frame does not have"):
        plan_design(contest, past=load_contest(folder), replicates=4, changes={"strata": "district,jarak/2lh"})
    assert plan_design(contest, past=load_contest(folder), replicates=4).own == "stratified"


def test_a_village_baseline_is_said_where_the_allocation_goes_by_it(demo):
    contest = load_contest(demo)
    frame = load_frame(contest)
    for allocation in ("neyman", "power", "optimal"):
        design = design_of(contest, allocation=allocation, cost_station=3.0)
        assert [(note.code, dict(note.values)) for note in draw(frame, design).notes] == [
            ("W318", {"allocation": allocation})
        ]
    assert draw(frame, design_of(contest)).notes == ()
    noise = frame.table["baseline_1"] + np.random.default_rng(1).normal(0, 0.01, len(frame))
    by_station = dataclasses.replace(frame, table=frame.table.assign(baseline_1=noise))
    assert draw(by_station, design_of(contest, allocation="neyman")).notes == ()


def test_a_drawn_sample_keeps_its_notice(folder):
    votes = [f"JAWA,KOTA,{'ABC'[v % 3]},DESA {v + 1},{100 + 10 * v},{100 + v}" for v in range(6)]
    head = "province,regency,district,village,votes_1,votes_2\n"
    (folder / "baseline.csv").write_text(head + "\n".join(votes) + "\n")
    text = (folder / "contest.toml").read_text()
    (folder / "contest.toml").write_text(text + 'allocation = "neyman"\n[baseline]\nlevel = "village"\n')
    contest = load_contest(folder)
    frame, design = load_frame(contest), design_of(contest)
    write_draw(contest, frame, design, draw(frame, design))
    found = plan_design(contest, replicates=4)
    assert found.committed
    assert [note.code for note in found.notices] == ["W318"]
