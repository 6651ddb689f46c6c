"""Real elections load as they are, flaws included: exact counts of what is listed."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import estimation as qc
from estimation.contest import load_contest
from estimation.frame import load_frame, read_frame
from estimation.projection.projection_files import projection_tables
from estimation.returns import Resolution, read_returns, resolve

FRAMES = {
    # folder: stations, regencies, districts, villages, registered voters, findings
    "situbondo-2019": (2_434, 1, 17, 136, 493_169, {"W101": 13}),
    "gianyar-2019": (1_502, 1, 7, 70, 370_030, {}),
    "jawa-timur-2019": (130_171, 38, 666, 8_497, 30_912_051, {"W101": 164, "W102": 77}),
    "ciamis-2024": (2_084, 1, 27, 265, 952_888, {"W101": 16}),
    "bali-2024": (12_790, 9, 57, 715, 1_325_275, {"W101": 7_494, "W102": 11}),
    "bolivia-2019": (33_048, 112, 340, 5_123, 6_974_363, {}),
}
RETURNS = {
    # folder: file, rows, stations used, errors, some warnings, shares of the valid votes in percent
    "situbondo-2019": ("official.csv", 2_434, 2_433, {"E205": 1}, {"W208": 4, "W209": 0}, [49.852, 50.148]),
    "gianyar-2019": ("official.csv", 1_502, 1_467, {"E203": 34, "E205": 1}, {"W209": 2}, [96.192, 3.808]),
    "jawa-timur-2019": (
        "official.parquet",
        129_838,
        128_245,
        {"E203": 1_539, "E205": 56},  # one of them has no total: its votes alone are above the roll
        {"W206": 261, "W209": 67, "W211": 258},
        [65.909, 34.091],
    ),
    "ciamis-2024": ("official.csv", 2_068, 2_068, {}, {"W204": 5, "W205": 2}, [10.663, 89.337]),
    "bali-2024": (
        "reports.parquet",
        7_511,
        7_132,
        {"E203": 171, "E204": 159, "E205": 85, "E206": 250},
        {"W203": 8, "W209": 2_200, "W210": 1},
        [3.178, 53.020, 43.802],
    ),
    "bolivia-2019": (
        "official.parquet",
        33_048,
        33_048,
        {},
        {"W206": 3, "W211": 3},
        [36.832, 0.388, 1.272, 0.404, 46.642, 4.328, 8.804, 0.691, 0.638],
    ),
}


@pytest.fixture(scope="module")
def elections(shared: Path) -> Path:
    return shared / "data"


def settled(folder: Path, name: str) -> Resolution:
    contest = load_contest(folder)
    frame = load_frame(contest)
    intake = read_returns(contest, folder / name)
    return resolve(contest, frame, intake, np.arange(len(frame)))


@pytest.mark.parametrize("name", FRAMES)
def test_the_frame(elections: Path, name: str) -> None:
    stations, regencies, districts, villages, voters, findings = FRAMES[name]
    frame = load_frame(load_contest(elections / name))
    assert len(frame) == stations
    assert [len(frame.areas(level).paths) for level in ("regency", "district", "village")] == [
        regencies,
        districts,
        villages,
    ]
    assert np.nansum(frame.registered) == voters
    assert np.isnan(frame.registered).sum() == findings.get("W101", 0)
    assert frame.findings.counts() == findings
    assert frame.table["tps_id"].is_unique


@pytest.mark.parametrize("name", RETURNS)
def test_what_was_counted_reads_as_returns(elections: Path, name: str) -> None:
    file, rows, used, errors, warnings, shares = RETURNS[name]
    result = settled(elections / name, file)
    assert (len(result.table), result.table["usable"].sum()) == (rows, used)
    assert result.findings.errors.counts() == errors
    found = result.findings.counts()
    assert {code: found.get(code, 0) for code in warnings} == warnings
    votes = result.table.loc[result.table["usable"], load_contest(elections / name).vote_columns].sum()
    np.testing.assert_allclose(100 * votes / votes.sum(), shares, atol=5e-4)
    timed = name == "bali-2024"
    assert (result.outside, result.untimed) == (0, 0 if timed else used)


def test_bali_misreads_three_percent_of_the_forms_that_carry_a_valid_total(elections: Path) -> None:
    folder = elections / "bali-2024"
    contest = load_contest(folder)
    table = read_returns(contest).table
    carried = table[table["valid"].notna()]
    assert len(carried) == 5_316
    assert (carried[contest.vote_columns].sum(axis=1) != carried["valid"]).sum() == 159
    assert table["received_at"].notna().all()


@pytest.mark.slow
def test_every_form_of_bali_that_does_not_add_up_is_kept_out_and_on_the_page(elections: Path) -> None:
    """Each row whose candidates differ from its valid votes, or whose votes differ from its total, by pandas alone."""
    raw = pd.read_parquet(elections / "bali-2024" / "reports.parquet")
    raw = raw.astype(dict.fromkeys(["votes_1", "votes_2", "votes_3", "valid", "invalid", "total"], "float64"))
    votes = raw[["votes_1", "votes_2", "votes_3"]].sum(axis=1, min_count=3)
    by_hand = {
        "E204": raw["valid"].notna() & votes.notna() & (votes != raw["valid"]),
        "E203": (votes + raw["invalid"] != raw["total"]) & (votes + raw["invalid"] - raw["total"]).notna()
        | (votes + raw["invalid"].fillna(0) > raw["total"]),
    }
    assert (by_hand["E204"].sum(), raw["valid"].notna().sum()) == (159, 5_316)
    report = qc.open(elections / "bali-2024").project().parts("id")
    found = report.projection.findings.table
    for code, bad in by_hand.items():
        listed = found[found["code"] == code]
        assert listed["line"].tolist() == (np.flatnonzero(bad) + 1).tolist()
        assert listed["tps_id"].tolist() == raw.loc[bad, "tps_id"].tolist()
    wrong = set(raw.loc[by_hand["E203"] | by_hand["E204"], "tps_id"])
    table, ids = report.projection.resolution.table, report.projection.frame.table["tps_id"]
    assert not table.loc[ids.iloc[table["row"]].isin(wrong).to_numpy(), "usable"].any()
    problems = report.problems()
    assert {"E204 × 159", f"E203 × {by_hand['E203'].sum()}"} <= {
        line.partition(": ")[2] for line in problems.text.splitlines()
    }
    for line in (np.flatnonzero(by_hand["E204"])[:5] + 1).tolist():  # the first on the page, all in findings.csv
        assert f"reports.parquet baris {line}" in re.sub("<[^>]+>|[\u2066-\u2069]", "", problems.html)
    pd.testing.assert_frame_equal(projection_tables(report.projection)["findings"], found)


def test_situbondo_has_two_areas_of_one_name(elections: Path) -> None:
    frame = load_frame(load_contest(elections / "situbondo-2019"))
    assert (frame.table["village"].nunique(), len(frame.areas("village").paths)) == (128, 136)


def test_one_regency_of_a_province(elections: Path) -> None:
    frame = load_frame(load_contest(elections / "jawa-timur-2019"), "regency=situbondo")
    assert (len(frame), len(frame.elsewhere), frame.findings.counts()) == (2_434, 127_737, {"W101": 13})


def test_the_whole_country(elections: Path) -> None:
    frame = read_frame(elections / "indonesia-2019-frame.parquet")
    assert len(frame) == 810_159
    assert [len(frame.areas(level).paths) for level in ("regency", "district")] == [514, 7_201]
    assert frame.table["district"].nunique() == 6_824
    assert frame.findings.counts() == {"W101": 1_163, "W102": 1}
