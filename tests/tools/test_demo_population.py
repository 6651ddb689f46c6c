"""The demo contests: they add up to the published facts, look like an election, and can be made again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from demo_contest import COLORS, DEMOS, Demo, write_contest
from demo_evening import INDONESIAN
from demo_population import (
    PATH,
    correlated,
    largest_remainder,
    read_facts,
    simulate,
    spread,
)

from estimation.errors import TableError

DATA = Path(__file__).resolve().parents[2] / "data"
SOURCES = DATA / "sources"
SITUBONDO, GIANYAR = DEMOS
both = pytest.mark.parametrize("demo", DEMOS, ids=[demo.name for demo in DEMOS])

# What was published, written out here a second time.
ROLL = {"SITUBONDO": 507_507, "GIANYAR": 392_342}
STATIONS = {"SITUBONDO": 1_030, "GIANYAR": 873}
VILLAGES = {"SITUBONDO": 136, "GIANYAR": 70}
VOTES = {"SITUBONDO": (200_241, 186_988), "GIANYAR": (255_553, 59_398)}


def table(demo: Demo, name: str) -> pd.DataFrame:
    codes = {"tps_id": str, "kode_tps": str, "tps": str}
    return pd.read_csv(DATA / demo.name / name, dtype=codes)


def stations(demo: Demo) -> pd.DataFrame:
    rows = table(demo, "frame.csv").merge(table(demo, "official.csv"), on="tps_id", validate="one_to_one")
    share = rows["votes_1"] / (rows["votes_1"] + rows["votes_2"])
    return rows.assign(share=share, turnout=rows["total"] / rows["registered"])


def within(rows: pd.DataFrame, column: str, by: list[str]) -> float:
    return float((rows[column] - rows.groupby(by)[column].transform("mean")).std())


# --- the files ---------------------------------------------------------------------------------


@both
def test_every_committed_file_is_what_the_generator_writes(demo: Demo, tmp_path: Path) -> None:
    write_contest(tmp_path, demo, SOURCES)
    written = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert [str(path) for path in written] == [
        "baseline.csv",
        "contest.toml",
        "frame.csv",
        "inbox/koreksi.csv",
        "inbox/laporan.csv",
        "official.csv",
    ]
    differing = [p for p in written if (tmp_path / p).read_bytes() != (DATA / demo.name / p).read_bytes()]
    assert differing == []


def test_both_contests_stay_under_a_megabyte() -> None:
    files = [p for demo in DEMOS for p in (DATA / demo.name).rglob("*") if p.is_file() and "out" not in p.parts]
    assert 100_000 < sum(p.stat().st_size for p in files) < 1_000_000


@both
def test_the_columns_are_those_of_the_dictionary(demo: Demo) -> None:
    counts = ["votes_1", "votes_2", "invalid", "total"]
    returned = ["tps_id", "received_at", *counts, "registered", "source", "reporter"]
    assert list(table(demo, "frame.csv").columns) == ["tps_id", *PATH, "tps", "registered"]
    assert list(table(demo, "official.csv").columns) == ["tps_id", *counts]
    assert list(table(demo, "baseline.csv").columns) == [*PATH, "registered", "votes_1", "votes_2"]
    assert list(table(demo, "inbox/laporan.csv").columns) == returned
    assert list(table(demo, "inbox/koreksi.csv").columns) == [INDONESIAN[name] for name in returned]


@pytest.mark.parametrize("color", COLORS)
def test_colors_have_enough_contrast_on_white(color: str) -> None:
    channels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    assert 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05) >= 4.5


# --- sums that were published ------------------------------------------------------------------


@both
def test_votes_and_stations_of_each_district_are_the_published_ones(demo: Demo) -> None:
    sums = stations(demo).groupby("district").agg({"tps_id": "size", "votes_1": "sum", "votes_2": "sum"})
    facts = read_facts(SOURCES, demo.regency).districts.set_index("district").loc[sums.index]
    assert sums.to_numpy().tolist() == facts[["tps_total", "votes_1", "votes_2"]].to_numpy().tolist()
    assert tuple(sums[["votes_1", "votes_2"]].sum()) == VOTES[demo.regency]


@both
def test_roll_stations_and_villages_are_the_published_ones(demo: Demo) -> None:
    frame = table(demo, "frame.csv")
    assert frame["registered"].sum() == ROLL[demo.regency]
    assert frame["tps_id"].nunique() == len(frame) == STATIONS[demo.regency]
    sizes = frame.groupby(PATH).size()
    assert len(sizes) == VILLAGES[demo.regency]
    assert sizes.min() >= 1


@both
def test_codes_are_thirteen_digits_numbered_within_the_village(demo: Demo) -> None:
    frame = table(demo, "frame.csv")
    assert frame["tps_id"].str.fullmatch(r"\d{13}").all()
    assert (frame["tps_id"].str[10:] == frame["tps"]).all()
    assert frame["tps_id"].str[:10].nunique() == VILLAGES[demo.regency]
    number = frame["tps"].astype(int)
    assert (number == frame.groupby(PATH).cumcount() + 1).all()


@both
def test_rolls_and_ballots_keep_their_limits(demo: Demo) -> None:
    rows = stations(demo)
    assert rows["registered"].between(90, 600).all()
    assert (rows["total"] == rows["votes_1"] + rows["votes_2"] + rows["invalid"]).all()
    assert (rows["total"] <= rows["registered"]).all()
    assert rows["turnout"].max() < 0.98
    assert (rows[["votes_1", "votes_2", "invalid"]] >= 0).all(axis=None)


def test_invalid_votes_are_gianyars_official_ones_and_a_likely_share_in_situbondo() -> None:
    assert table(GIANYAR, "official.csv")["invalid"].sum() == 8_872
    situbondo = table(SITUBONDO, "official.csv")
    assert situbondo["invalid"].sum() / situbondo["total"].sum() == pytest.approx(0.0275, abs=1e-5)


# --- the look of an election -------------------------------------------------------------------


def test_situbondos_shares_vary_as_they_did_in_2019() -> None:
    rows = stations(SITUBONDO)
    assert within(rows, "share", ["district"]) == pytest.approx(0.146, abs=0.012)
    assert within(rows, "share", PATH) == pytest.approx(0.122, abs=0.012)
    # 0.167 in 2019; the published districts of 2024 lie closer together.
    assert rows["share"].std() == pytest.approx(0.160, abs=0.012)


def test_gianyars_shares_vary_less() -> None:
    rows = stations(GIANYAR)
    assert rows["share"].std() == pytest.approx(0.121, abs=0.012)
    assert within(rows, "share", ["district"]) == pytest.approx(0.103, abs=0.012)
    assert within(rows, "share", PATH) == pytest.approx(0.085, abs=0.012)


@both
def test_turnout_varies_between_stations_and_villages(demo: Demo) -> None:
    rows = stations(demo)
    assert rows["turnout"].std() == pytest.approx(0.06, abs=0.01)
    assert 0.70 < within(rows, "turnout", PATH) / rows["turnout"].std() < 0.90
    assert rows["turnout"].min() > 0.20


@both
def test_rolls_within_a_village_are_alike(demo: Demo) -> None:
    rows = stations(demo)
    assert within(rows, "registered", PATH) / rows["registered"].mean() < 0.08


@both
def test_baseline_correlates_with_the_villages_shares(demo: Demo) -> None:
    today = stations(demo).groupby(PATH)[["votes_1", "votes_2"]].sum()
    then = table(demo, "baseline.csv").set_index(PATH).loc[today.index]
    assert len(then) == VILLAGES[demo.regency]
    assert (then["votes_1"] + then["votes_2"] <= then["registered"]).all()
    shares = [rows["votes_1"] / (rows["votes_1"] + rows["votes_2"]) for rows in (today, then)]
    assert 0.6 < np.corrcoef(*shares)[0, 1] < 0.9


# --- the evening -------------------------------------------------------------------------------


@both
def test_faults_are_those_of_the_dictionary(demo: Demo) -> None:
    laporan, frame = table(demo, "inbox/laporan.csv"), table(demo, "frame.csv")
    koreksi = table(demo, "inbox/koreksi.csv").rename(columns={theirs: ours for ours, theirs in INDONESIAN.items()})
    sums = laporan["votes_1"] + laporan["votes_2"] + laporan["invalid"]
    misread = laporan[sums != laporan["total"]]
    known = laporan["tps_id"].isin(frame["tps_id"])
    found = {
        "never": int((~frame["tps_id"].isin(laporan["tps_id"])).sum()),
        "misread": len(misread),
        "corrected": int(misread["tps_id"].isin(koreksi["tps_id"]).sum()),
        "twice": int(laporan.duplicated().sum()),
        "stray": int((~known).sum()),
        "excess": int((laporan["total"] > 1.10 * laporan["registered"]).sum()),
    }
    expected = {
        "SITUBONDO": {"never": 15, "misread": 10, "corrected": 5, "twice": 2, "stray": 1, "excess": 1},
        "GIANYAR": {"never": 13, "misread": 9, "corrected": 4, "twice": 2, "stray": 1, "excess": 1},
    }
    assert found == expected[demo.regency]
    assert len(koreksi) == found["corrected"]
    assert laporan.loc[known].drop_duplicates()["tps_id"].is_unique


@both
def test_a_misread_return_has_one_wrong_digit(demo: Demo) -> None:
    columns = ["votes_1", "votes_2", "invalid", "total"]
    laporan, official = table(demo, "inbox/laporan.csv"), table(demo, "official.csv").set_index("tps_id")
    bad = laporan[laporan["votes_1"] + laporan["votes_2"] + laporan["invalid"] != laporan["total"]]
    sent, right = bad.set_index("tps_id")[columns], official.loc[bad["tps_id"], columns]
    off = (sent - right).to_numpy()
    assert ((off != 0).sum(axis=1) == 1).all()
    assert {abs(d) for d in off[off != 0]} <= {*range(1, 10), *range(10, 100, 10)}


@both
def test_corrections_are_right_and_come_20_to_70_minutes_later(demo: Demo) -> None:
    koreksi = table(demo, "inbox/koreksi.csv").rename(columns={theirs: ours for ours, theirs in INDONESIAN.items()})
    columns = ["votes_1", "votes_2", "invalid", "total"]
    official = table(demo, "official.csv").set_index("tps_id").loc[koreksi["tps_id"], columns]
    assert (koreksi[columns].to_numpy() == official.to_numpy()).all()
    first = table(demo, "inbox/laporan.csv").set_index("tps_id").loc[koreksi["tps_id"], "received_at"]
    later = pd.to_datetime(koreksi["received_at"]).to_numpy() - pd.to_datetime(first).to_numpy()
    minutes = later / np.timedelta64(1, "m")
    assert minutes.min() >= 20
    assert minutes.max() <= 70


@pytest.mark.parametrize(("demo", "offset"), [(SITUBONDO, "+07:00"), (GIANYAR, "+08:00")])
def test_the_evening_runs_from_two_to_midnight_with_half_in_by_five(demo: Demo, offset: str) -> None:
    text = table(demo, "inbox/laporan.csv")["received_at"]
    assert text.str.fullmatch(r"2024-11-27T\d\d:\d\d:\d\d" + offset.replace("+", r"\+")).all()
    clock = pd.to_datetime(text)
    hour = (clock - pd.Timestamp("2024-11-27T00:00:00" + offset)).dt.total_seconds() / 3600
    assert hour.is_monotonic_increasing
    assert hour.min() == pytest.approx(14.0, abs=0.25)
    assert hour.median() == pytest.approx(17.0, abs=0.1)
    assert 22.5 < hour.max() < 24.0


@both
def test_early_returns_differ_from_late_ones(demo: Demo) -> None:
    rows = stations(demo).merge(table(demo, "inbox/laporan.csv")[["tps_id", "received_at"]], on="tps_id")
    rows = rows.drop_duplicates("tps_id").sort_values("received_at")
    early, late = rows.iloc[: len(rows) // 4], rows.iloc[-len(rows) // 4 :]
    assert late["registered"].mean() - early["registered"].mean() > 40
    shares = [part["votes_1"].sum() / part[["votes_1", "votes_2"]].sum(axis=None) for part in (early, late)]
    assert 0.01 < shares[1] - shares[0] < 0.08


@both
def test_every_village_has_one_officer(demo: Demo) -> None:
    laporan = table(demo, "inbox/laporan.csv")
    assert laporan["reporter"].str.fullmatch(r"P-\d{3}").all()
    assert laporan.groupby(laporan["tps_id"].str[:10])["reporter"].nunique().max() == 1
    assert laporan["reporter"].nunique() == VILLAGES[demo.regency]
    assert laporan["source"].unique().tolist() == ["petugas"]


# --- the parts ---------------------------------------------------------------------------------


def test_largest_remainder_by_hand() -> None:
    # Quotas of 10 by weights 1, 2, 4: 1.43, 2.86, 5.71; floors 1, 2, 5; the two left go to .86 and .71.
    assert largest_remainder(10, np.array([1.0, 2.0, 4.0])).tolist() == [1, 3, 6]
    assert largest_remainder(1, np.array([1.0, 1.0])).tolist() == [1, 0]
    assert largest_remainder(0, np.array([1.0, 1.0])).tolist() == [0, 0]


def test_spread_solves_the_level_and_keeps_every_size() -> None:
    # Without effects everybody takes the same part of his size.
    assert spread(30, np.array([10, 20, 30]), np.zeros(3)).tolist() == [5, 10, 15]
    size, effect = np.array([3, 50, 200, 7]), np.array([2.0, -1.0, 0.0, 5.0])
    for total in (1, 100, 259):
        got = spread(total, size, effect)
        assert got.sum() == total
        assert (got <= size).all()


def test_spread_refuses_what_does_not_fit() -> None:
    with pytest.raises(TableError, match="61 can't be spread over room for 60"):
        spread(61, np.array([10, 20, 30]), np.zeros(3))


def test_correlated_has_exactly_the_correlation_asked_for() -> None:
    rng = np.random.default_rng(1)
    x = rng.exponential(size=40)
    y = correlated(x, 0.25, rng)
    assert np.corrcoef(x, y)[0, 1] == pytest.approx(0.25, abs=1e-12)
    assert (y.mean(), y.std()) == pytest.approx((0, 1), abs=1e-12)


def test_another_seed_gives_another_election_with_the_same_sums() -> None:
    facts = read_facts(SOURCES, "GIANYAR")
    one, other = simulate(facts, "a"), simulate(facts, "b")
    counts = ["votes_1", "votes_2", "invalid", "total"]
    assert one.official[counts].sum().tolist() == other.official[counts].sum().tolist()
    assert (one.official["votes_1"] != other.official["votes_1"]).mean() > 0.9
    again = simulate(replace(facts), "a")
    pd.testing.assert_frame_equal(one.official, again.official)


def test_sources_that_contradict_each_other_stop(tmp_path: Path) -> None:
    for source in SOURCES.glob("*.csv"):
        (tmp_path / source.name).write_bytes(source.read_bytes())
    rolls = tmp_path / "rolls.csv"
    rolls.write_text(rolls.read_text(encoding="utf-8").replace(",873,", ",874,"), encoding="utf-8")
    with pytest.raises(TableError, match="GIANYAR: 873 stations in the sources, but rolls"):
        read_facts(tmp_path, "GIANYAR")
    with pytest.raises(TableError, match="has 0 rows for 'ATLANTIS'"):
        read_facts(tmp_path, "ATLANTIS")
