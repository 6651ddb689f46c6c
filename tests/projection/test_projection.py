"""One projection: what goes in, what comes out, and what a reader is told."""

import hashlib
import json
from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from estimation.contest import load_contest
from estimation.errors import DesignError, EstimationError
from estimation.projection import project_contest, projection_document, write_projection

HALF_PAST_SIX = datetime.fromisoformat("2024-11-27T18:30:00+07:00")
EVERYBODY = '[returns]\nasked = "all"\n[estimate]\nestimator = "ratio"\n'


@pytest.fixture(scope="module")
def at_half_past_six(demo):
    return project_contest(load_contest(demo), as_of=HALF_PAST_SIX)


def counted(stations, **changes):
    """Returns of stations by number: 100 + i and 90 votes, 10 invalid, all in the afternoon."""
    return [
        {
            "tps_id": f"{i:04d}",
            "received_at": f"2024-11-27T15:{i:02d}:00+07:00",
            "votes_1": 100 + i,
            "votes_2": 90,
            "invalid": 10,
            "total": 200 + i,
            **{name: value(i) for name, value in changes.items()},
        }
        for i in stations
    ]


def codes(projection):
    return [notice.code for notice in projection.notices]


def texts(projection):
    return {notice.code: notice.text for notice in projection.notices}


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_inputs_give_the_same_bytes(demo, tmp_path):
    for name in ("one", "other"):
        write_projection(project_contest(load_contest(demo), as_of=HALF_PAST_SIX), tmp_path / name)
    assert sorted(digests(tmp_path / "one")) == [
        "areas.csv",
        "findings.csv",
        "officers.csv",
        "projection.json",
        "shares.csv",
    ]
    assert digests(tmp_path / "one") == digests(tmp_path / "other")


def test_inputs_are_not_touched(demo, tmp_path):
    before = digests(demo)
    write_projection(project_contest(load_contest(demo), as_of=HALF_PAST_SIX), tmp_path)
    assert digests(demo) == before


def test_demo_at_half_past_six(at_half_past_six):
    p = at_half_past_six
    assert (p.stations, p.registered, p.progress.drawn) == (1030, 507507, 300)
    assert p.progress.used == int(p.counts.seen.sum()) <= p.received <= 300
    assert (p.progress.strata_in, p.progress.strata) == (17, 17)
    assert p.estimate.names == ("share:1", "share:2", "turnout", "invalid")
    assert p.estimate.theta[:2].sum() == pytest.approx(1, abs=1e-12)
    assert (p.estimator, p.variance) == ("multilevel", "model")
    plain = project_contest(p.contest, as_of=HALF_PAST_SIX, estimate={"estimator": "ratio"})
    assert (plain.estimator, plain.variance) == ("ratio", "stratified")
    assert float(plain.estimate.df) == p.progress.used - 17
    assert p.as_of == HALF_PAST_SIX


def test_the_demo_s_interval_contains_the_truth(at_half_past_six, demo):
    official = pd.read_csv(demo / "official.csv")
    truth = official["votes_1"].sum() / (official["votes_1"] + official["votes_2"]).sum()
    bounds = at_half_past_six.estimate.interval(0.95)
    assert bounds.low[0] < truth < bounds.high[0]


def test_another_level_changes_the_interval_alone(at_half_past_six, demo):
    wide = projection_document(project_contest(load_contest(demo), as_of=HALF_PAST_SIX, level=0.99))
    usual = projection_document(at_half_past_six)
    assert (wide["level"], usual["level"]) == (0.99, 0.95)
    for share, other in zip(wide["shares"], usual["shares"], strict=True):
        assert (share["estimate"], share["se"]) == (other["estimate"], other["se"])
        assert share["low"] < other["low"] < other["high"] < share["high"]


def test_a_level_that_is_none_is_an_error(demo):
    with pytest.raises(EstimationError, match="level = 95 can't be used: Input should be less than 1"):
        project_contest(load_contest(demo), as_of=HALF_PAST_SIX, level=95)


@pytest.fixture(scope="module")
def census(demo):
    contest = load_contest(demo)
    asked = replace(contest, returns=replace(contest.returns, asked="all"))
    return project_contest(asked, returns=demo / "official.csv")


def test_a_full_count_gives_the_true_ratios_exactly(census, demo):
    official = pd.read_csv(demo / "official.csv", dtype={"tps_id": str}).set_index("tps_id")
    frame = pd.read_csv(demo / "frame.csv", dtype={"tps_id": str}).set_index("tps_id")
    valid = official[["votes_1", "votes_2"]].to_numpy().sum()
    ballots = valid + official["invalid"].sum()
    truth = [
        official["votes_1"].sum() / valid,
        official["votes_2"].sum() / valid,
        ballots / frame["registered"].sum(),
        official["invalid"].sum() / ballots,
    ]
    assert census.estimate.theta.tolist() == truth
    assert census.estimate.se.tolist() == [0, 0, 0, 0]
    assert census.lead.interval(0.95).low[0] == census.lead.theta[0] == truth[0] - truth[1]
    assert (census.progress.used, census.progress.drawn, census.as_of) == (1030, 1030, None)
    assert (census.call.status, census.call.winner) == ("called", 1)
    assert codes(census) == ["W310"]


def test_a_full_count_of_every_area_is_exact_too(census, demo):
    rows = pd.read_csv(demo / "official.csv", dtype={"tps_id": str}).merge(
        pd.read_csv(demo / "frame.csv", dtype={"tps_id": str}), on="tps_id"
    )
    by_district = rows.groupby("district")[["votes_1", "votes_2"]].sum()
    assert len(census.areas) == 17
    for area in census.areas:
        votes = by_district.loc[area.path[-1]].to_numpy()
        assert area.votes.tolist() == votes.tolist()
        assert area.estimate.theta.tolist() == (votes / votes.sum()).tolist()
        assert area.estimate.se.tolist() == [0, 0]
        assert (area.drawn, area.received, area.used) == (int((rows["district"] == area.path[-1]).sum()),) * 3


def test_a_full_count_that_is_still_coming_in(make_contest):
    # 8 of 12 stations in, two or three of each district's four; A: 1 4 7, B: 2 5 8, C: 3 6
    contest = load_contest(make_contest(returns=counted(range(1, 9)), extra_toml=EVERYBODY))
    p = project_contest(contest)
    first = {i: 100 + i for i in range(1, 9)}
    weight = dict.fromkeys((1, 4, 7, 2, 5, 8), 4 / 3) | dict.fromkeys((3, 6), 2.0)
    total = sum(weight[i] * (first[i] + 90) for i in weight)
    assert p.estimate.theta[0] == pytest.approx(sum(weight[i] * first[i] for i in weight) / total)
    assert float(p.estimate.df) == 5
    assert texts(p)["W304"].startswith("4 of 12 stations are not in; early stations differ from late ones")


def test_areas_are_domains_of_the_whole_design(at_half_past_six, demo):
    sample = pd.read_csv(demo / "out" / "sample.csv", dtype={"tps_id": str})
    areas = at_half_past_six.areas
    assert [area.path for area in areas] == list(
        pd.read_csv(demo / "frame.csv")[["province", "regency", "district"]]
        .drop_duplicates()
        .itertuples(index=False, name=None)
    )
    assert sum(area.drawn for area in areas) == 300
    assert sum(area.used for area in areas) == at_half_past_six.progress.used
    assert sum(area.received for area in areas) == at_half_past_six.received
    seen, votes = at_half_past_six.counts.seen, at_half_past_six.counts.votes
    for area in areas:
        inside = (sample["district"] == area.path[-1]).to_numpy() & seen
        # the district is a stratum: weights are equal in it, and cancel
        assert area.estimate.theta == pytest.approx(votes[inside].sum(axis=0) / votes[inside].sum())
        assert float(area.estimate.df) == inside.sum() - 1


def test_an_area_with_one_return_has_no_result(make_contest):
    stations = (1, 4, 7, 2, 5, 3)
    p = project_contest(load_contest(make_contest(returns=counted(stations), extra_toml=EVERYBODY)))
    assert [(area.path[-1], area.used, area.estimate is None) for area in p.areas] == [
        ("A", 3, False),
        ("B", 2, False),
        ("C", 1, True),
    ]
    assert texts(p)["W309"] == "areas with fewer than two returns, which have no result: 1"
    assert texts(p)["W301"] == "B + C: too few returns in a stratum, so these strata were taken together"


@pytest.mark.parametrize(
    ("stations", "reason"),
    [
        ([], "fewer than two returns are in"),
        ([5], "fewer than two returns are in"),
        ([1, 4, 7], "returns come from one of 3 strata only"),
    ],
    ids=["none", "one", "one stratum"],
)
def test_too_little_gives_nulls_and_a_reason(make_contest, stations, reason):
    p = project_contest(
        load_contest(
            make_contest(returns=counted(stations) or "tps_id,votes_1,votes_2,invalid,total\n", extra_toml=EVERYBODY)
        )
    )
    held = projection_document(p)
    assert (held["call"]["status"], held["call"]["winner"]) == ("insufficient", None)
    assert held["call"]["reasons"] == [reason]
    nothing = dict.fromkeys(("estimate", "se", "low", "high"))
    assert held["turnout"] == held["invalid"] == nothing
    assert held["lead"] == {"leader": None, "runner_up": None, **nothing}
    assert held["covariance"] is None
    for number, share in enumerate(held["shares"], start=1):
        named = {"number": number, "name": f"Candidate {number}"}
        assert share == named | nothing | dict.fromkeys(("df", "deff_stations", "deff_persons"))
    assert held["sample"] == {"drawn": 12, "received": len(stations), "used": len(stations)}


def test_too_little_is_a_warning_too(make_contest):
    p = project_contest(load_contest(make_contest(extra_toml=EVERYBODY)))
    assert texts(p)["W314"] == "nothing can be projected: fewer than two returns are in"


def test_before_the_first_return_nothing_is_in(demo):
    early = datetime.fromisoformat("2024-11-27T08:00:00+07:00")
    held = projection_document(project_contest(load_contest(demo), as_of=early))
    assert held["call"]["status"] == "insufficient"
    assert held["as_of"] == "2024-11-27T08:00:00+07:00"
    assert held["sample"]["received"] == 0


def test_the_moment_is_the_last_receipt_where_none_is_asked_for(make_contest):
    contest = load_contest(make_contest(returns=counted(range(1, 13)), extra_toml=EVERYBODY))
    assert projection_document(project_contest(contest))["as_of"] == "2024-11-27T15:12:00+07:00"
    assert project_contest(contest, as_of=datetime.fromisoformat("2024-11-27T15:06:00+07:00")).progress.used == 6


def test_what_a_reader_is_told(make_contest):
    # of 12 stations: no roll in two, a candidate without votes, one return that does not add up, one station unknown
    stations = [
        {"tps_id": f"{i:04d}", "province": "J", "regency": "K", "district": "ABC"[i % 3], "village": f"V{i % 6}"}
        | {"tps": f"{i:03d}", "registered": None if i < 3 else 400}
        for i in range(1, 13)
    ]
    returns = counted(range(1, 12), votes_1=lambda i: 0, total=lambda i: 100 + (i == 11))
    returns.append(returns[0] | {"tps_id": "7777"})
    contest = load_contest(
        make_contest(stations=stations, returns={"a.csv": returns, "b.csv": "x\n"}, extra_toml=EVERYBODY)
    )
    p = project_contest(contest)
    assert (p.received, p.progress.used) == (11, 10)
    assert set(codes(p)) == {"W304", "W306", "W311", "W312", "W315", "W316"}
    assert texts(p)["W306"] == "turnout covers the stations with a known roll, 83.3 % of the frame"
    assert texts(p)["W311"] == "candidate 1 has no vote in any return"
    assert texts(p)["W312"] == "stations whose return is kept out: 1"
    assert texts(p)["W315"] == "returns that name a station which the frame does not have: 1"
    assert texts(p)["W316"] == "files of returns that could not be used: 1"
    assert p.findings.counts()["E203"] == 1


def test_turnout_and_invalid_share_need_their_numbers(make_contest):
    returns = counted(range(1, 13), invalid=lambda i: None, total=lambda i: None)
    p = project_contest(load_contest(make_contest(returns=returns, extra_toml=EVERYBODY)))
    assert p.estimate.names == ("share:1", "share:2")
    assert codes(p) == ["W307", "W308"]
    assert projection_document(p)["turnout"]["estimate"] is None


def test_returns_from_outside_the_sample_are_set_apart(at_half_past_six, demo):
    p = project_contest(load_contest(demo), returns=demo / "official.csv")
    assert (p.progress.used, p.progress.drawn) == (300, 300)
    assert texts(p)["W305"] == "returns from outside the sample, set apart: 730"
    assert texts(p)["W310"] == "returns without a time of receipt, which count as received: 300"
    assert "W305" in codes(at_half_past_six)


def test_without_a_sample_it_says_what_to_do(make_contest):
    with pytest.raises(
        DesignError, match=r"sample\.csv: there is no sample: draw one with 'quickcount draw .*asked = \"all\""
    ):
        project_contest(load_contest(make_contest()))


def test_another_sample_needs_no_manifest(demo, tmp_path):
    table = pd.read_csv(demo / "out" / "sample.csv", dtype=str).drop(columns="method")
    table.sample(frac=1, random_state=1).to_csv(tmp_path / "sample.csv", index=False)
    p = project_contest(load_contest(demo), sample=tmp_path / "sample.csv", as_of=HALF_PAST_SIX)
    usual = project_contest(load_contest(demo), as_of=HALF_PAST_SIX)
    np.testing.assert_allclose(p.estimate.theta, usual.estimate.theta, rtol=1e-13)
    np.testing.assert_allclose(p.estimate.cov, usual.estimate.cov, rtol=1e-9, atol=1e-18)
    assert codes(p)[0] == "W303"
    assert p.provenance["seed"] is None
    assert usual.provenance["seed"] == "2024-11-27"


def test_one_area_of_a_larger_sample_can_be_looked_at_alone(demo):
    ratio = {"estimator": "ratio"}
    p = project_contest(load_contest(demo), as_of=HALF_PAST_SIX, where="district=BESUKI", estimate=ratio)
    whole = project_contest(load_contest(demo), as_of=HALF_PAST_SIX, estimate=ratio)
    (area,) = [area for area in whole.areas if area.path[-1] == "BESUKI"]
    assert (p.progress.drawn, p.received, p.progress.used) == (area.drawn, area.received, area.used) == (25, 16, 16)
    np.testing.assert_allclose(p.estimate.theta[:2], area.estimate.theta, rtol=1e-12)
    np.testing.assert_allclose(p.estimate.cov[:2, :2], area.estimate.cov, rtol=1e-9)


def test_an_area_of_a_full_count_is_looked_at_alone(make_contest):
    contest = load_contest(make_contest(returns=counted(range(1, 13)), extra_toml=EVERYBODY))
    p = project_contest(contest, where="district=A")
    first = [101, 104, 107, 110]
    assert (p.stations, p.progress.used) == (4, 4)
    assert p.estimate.theta[0] == sum(first) / (sum(first) + 360)
    assert texts(p)["W305"] == "returns from outside the sample, set apart: 8"


def test_a_projection_by_hand_has_its_moment_s_name_and_lies_beside_the_takes(at_half_past_six, tmp_path):
    contest = replace(at_half_past_six.contest, folder=tmp_path)
    path = write_projection(replace(at_half_past_six, contest=contest))
    assert path == tmp_path / "out" / "projections" / "20241127T183000+0700" / "projection.json"
    assert json.loads(path.read_text(encoding="utf-8")) == json.loads(json.dumps(projection_document(at_half_past_six)))


def test_a_ledger_is_read_where_one_is_kept(make_contest):
    """A verifier's word stands in the ledger alone: it decides between sources that disagree."""
    from estimation.returns import ledger

    first, *others = counted(range(1, 13))
    other = first | {"source": "other", "votes_1": first["votes_1"] - 10, "total": first["total"] - 10}
    returns = [first | {"source": "officer"}, other, *others]
    contest = load_contest(make_contest(returns=returns, extra_toml=EVERYBODY))
    assert project_contest(contest).progress.used == 11
    opened = ledger.open_ledger(contest)
    ledger.ingest(opened, settle=0)
    assert project_contest(contest).progress.used == 11
    ledger.mark(opened, first["tps_id"], "verified", by="V-1", source="officer")
    opened.close()
    assert project_contest(contest).progress.used == 12
