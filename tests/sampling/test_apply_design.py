"""From the design's words to strata and allocations."""

import dataclasses

import numpy as np
import pytest

from estimation.contest import load_contest
from estimation.errors import DesignError
from estimation.frame import load_frame
from estimation.sampling import design_of, draw
from estimation.sampling.apply_design import allocate, strata_for


@pytest.fixture(scope="module")
def contest(demo):
    return load_contest(demo)


@pytest.fixture(scope="module")
def frame(contest):
    return load_frame(contest)


@pytest.mark.parametrize("allocation", ["proportional", "registered", "equal", "neyman", "power"])
def test_an_allocation_adds_up_and_keeps_its_minimum(contest, frame, allocation):
    design = design_of(contest, allocation=allocation, n=120, minimum=3)
    share = allocate(frame, design, strata_for(frame, design.strata))
    assert share.sum() == 120
    assert share.min() >= 3


def test_registered_is_in_proportion_to_the_roll(contest, frame):
    design = design_of(contest, allocation="registered", n=300)
    strata = strata_for(frame, design.strata)
    voters = np.bincount(strata.codes, frame.registered)
    assert np.abs(allocate(frame, design, strata) - 300 * voters / voters.sum()).max() < 1


def test_neyman_gives_more_where_the_earlier_election_differs(contest, frame):
    design = design_of(contest, allocation="neyman", n=300)
    strata = strata_for(frame, design.strata)
    residual = frame.registered * (frame.table["baseline_1"] - frame.table["baseline_1"].mean())
    wanted = strata.size * residual.groupby(strata.codes).std().to_numpy()
    share = allocate(frame, design, strata)
    assert np.corrcoef(share, wanted)[0, 1] > 0.99


def test_bethel_finds_n_from_targets(contest, frame):
    # by station: the spread is that of the stations themselves
    noise = np.random.default_rng(1).normal(0, 0.14, len(frame))
    table = frame.table.assign(baseline_1=np.clip(frame.table["baseline_1"] + noise, 0, 1))
    wide = dataclasses.replace(frame, table=table)
    sizes = []
    for target in ("all=0.02", "all=0.01"):
        design = design_of(contest, allocation="bethel", targets=(target,))
        sizes.append(int(allocate(wide, design, strata_for(wide, design.strata)).sum()))
    both = design_of(contest, allocation="bethel", targets=("all=0.01", "district=0.06"))
    sizes.append(len(draw(wide, both)))
    assert sizes == sorted(sizes)
    assert 100 < sizes[0] < 250 < sizes[1] < 600


def test_classes_of_a_column_cross_with_areas(frame):
    strata = strata_for(frame, "district,baseline_1/3")
    assert {label.rsplit(" / ", 1)[-1] for label in strata.labels} == {f"baseline_1 {i}/3" for i in (1, 2, 3)}
    assert strata.size.sum() == 1030
    merged = strata_for(frame, "district,baseline_1/3", 6)
    assert merged.size.min() >= 6
    assert len(merged.labels) < len(strata.labels)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"allocation": "bethel"}, "allocation 'bethel' and targets go together"),
        ({"targets": ("all=0.01",)}, "allocation 'bethel' and targets go together"),
        (
            {"allocation": "bethel", "targets": ("all=0.01",)},
            "known by village only, so that n would come out too small",
        ),
        ({"strata": "baseline_1/x"}, "write the column and a number of classes"),
        ({"strata": "lat/3"}, "column 'lat' is not in the frame"),
        (
            {"method": "cube", "balance": ("registered", "baseline_1", "baseline_2")},
            "balance column 'baseline_2' is a comb",
        ),
    ],
)
def test_what_does_not_go_is_an_error(contest, frame, changes, text):
    with pytest.raises(DesignError, match=text):
        draw(frame, design_of(contest, **changes))


def test_without_an_earlier_election_there_is_no_spread(make_contest):
    contest = load_contest(make_contest(extra_toml='[design]\nallocation = "neyman"\nn = 8\n'))
    with pytest.raises(DesignError, match=r"needs an earlier election to see how strata differ: add baseline\.csv"):
        draw(load_frame(contest), design_of(contest))


def test_a_measure_that_is_not_known_is_said(contest, frame):
    table = frame.table.assign(registered=np.where(np.arange(len(frame)) < 3, np.nan, frame.registered))
    sample = draw(dataclasses.replace(frame, table=table), design_of(contest, method="sampford", n=40))
    assert [note.text for note in sample.notes] == [
        "stations without a known registered, drawn as if they had the mean of the others: 3"
    ]
