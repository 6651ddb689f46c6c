"""Faults: each does what its name says, no station gets two, and the rules see those that they can see."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimation import checks
from estimation.errors import DesignError
from estimation.seeds import generator
from estimation.simulation.faults import KINDS, Faults, forms, how_many, inject
from estimation.simulation.faults.rates import RATES

VOTES = ["votes_1", "votes_2", "votes_3"]
COUNTS = [*VOTES, "invalid", "total", "valid", "registered"]
ROW = {"votes_1": 120, "votes_2": 80, "votes_3": 45, "invalid": 5, "total": 250, "valid": 245, "registered": 300}


def one(**changes: object) -> pd.DataFrame:
    return pd.DataFrame([{"tps_id": "0001", **ROW, **changes}])


def night(stations: int = 400, seed: int = 1) -> pd.DataFrame:
    """Give clean returns of stations with rolls all different, ten to a village."""
    rng = generator(seed, "night")
    registered = 250 + rng.permutation(stations)
    votes = rng.multinomial(np.floor(0.75 * registered).astype(int), [0.5, 0.3, 0.2])
    invalid = rng.integers(1, 12, stations)
    valid = votes.sum(axis=1)
    return pd.DataFrame(
        {
            "tps_id": [f"{i:06d}" for i in range(stations)],
            "second": 3600 + 10 * np.arange(stations),
            **{name: votes[:, j] for j, name in enumerate(VOTES)},
            "invalid": invalid,
            "total": valid + invalid,
            "valid": valid,
            "registered": pd.array(registered, dtype="Int64"),
            "source": "petugas",
            "reporter": [f"P-{i // 10:03d}" for i in range(stations)],
        }
    )


def spoil(faults: Faults, seed: int = 1, clean: pd.DataFrame | None = None):
    clean = night() if clean is None else clean
    return inject(clean, VOTES, faults, set(clean["tps_id"]), generator(seed, "faults"))


NONE = Faults().scale(0)

# --- rates -------------------------------------------------------------------------------------


def test_the_published_rates_are_the_defaults() -> None:
    rates = Faults()
    assert (rates.misread, rates.unbalanced, rates.silent) == (0.0065, 0.03, 0.0155)


def test_scaling_doubles_every_rate_of_a_fault_and_stops_at_one() -> None:
    twice = Faults(half_written=0.7).scale(2)
    assert twice.misread == 0.013
    assert twice.half_written == 1.0
    assert twice.corrected == 0.5


def test_a_rate_makes_one_fault_at_least() -> None:
    assert [how_many(rate, 300) for rate in (0, 0.0001, 0.0065, 0.03, 1)] == [0, 1, 2, 9, 300]
    assert how_many(0.5, 0) == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Faults(misread=1.5), r"fault 'misread=1.5': a rate lies in 0 … 1"),
        (lambda: Faults().change({"misreed": 0.1}), r"fault 'misreed' is unknown: did you mean 'misread'\?"),
        (lambda: Faults().change({"weather": 0.1}), r"fault 'weather' is unknown: known are misread, unbalanced, "),
        (lambda: Faults().scale(-1), r"faults can't be scaled by -1: 0 is a night without any"),
    ],
)
def test_rates_that_can_not_be(make, message: str) -> None:
    with pytest.raises(DesignError, match=message):
        make()


def test_every_rate_has_its_kind() -> None:
    assert {*RATES, "correction"} - {"corrected"} == set(KINDS)


# --- single forms ------------------------------------------------------------------------------


@given(st.integers(0, 2**32), st.integers(0, 999))
def test_a_misread_count_differs_in_one_digit(seed: int, votes: int) -> None:
    before = one(votes_1=votes)
    after = forms.misread(before, np.array([0]), ["votes_1"], generator(seed))
    old, new = f"{votes:04d}", f"{after['votes_1'].iloc[0]:04d}"
    assert sum(a != b for a, b in zip(old, new, strict=True)) == 1
    assert before["votes_1"].iloc[0] == votes  # what was given is not changed


def test_transposed_votes_stand_on_the_next_line() -> None:
    after = forms.transpose(
        pd.concat([one(), one(votes_1=45, votes_3=120)], ignore_index=True), np.array([0, 1]), VOTES
    )
    assert after[VOTES].to_numpy().tolist() == [[80, 120, 45], [120, 80, 45]]
    assert after["total"].tolist() == [250, 250]


def test_shifted_cells_move_one_to_the_left() -> None:
    after = forms.shift(one(), np.array([0]), COUNTS)
    assert after[COUNTS].iloc[0].tolist()[:-1] == [80, 45, 5, 250, 245, 300]
    assert pd.isna(after["registered"].iloc[0])


@given(st.integers(0, 2**32))
def test_a_form_that_does_not_add_up_is_off_by_one_to_twenty(seed: int) -> None:
    after = forms.unbalance(one(votes_3=3), np.array([0]), VOTES, generator(seed))
    off = after[VOTES].to_numpy()[0] - [120, 80, 3]
    assert (off != 0).sum() == 1
    assert 1 <= np.abs(off).max() <= 20
    assert after[VOTES].to_numpy().min() >= 0


def test_excess_ballots_add_up_and_exceed_the_roll_by_15_to_30_percent() -> None:
    after = forms.exceed(one(), np.array([0]), "votes_1", generator(1)).iloc[0]
    assert 345 <= after["total"] <= 390
    assert after[VOTES].sum() + 5 == after["total"] == after["valid"] + 5


def test_swapped_forms_go_under_each_others_code() -> None:
    table = pd.DataFrame({"tps_id": ["a", "b", "c", "d"], "total": [1, 2, 3, 4]})
    assert forms.swap(table, np.array([0]), np.array([3]))["tps_id"].tolist() == ["d", "b", "c", "a"]


@pytest.mark.parametrize(
    ("code", "known", "wrong"),
    [
        ("3512142002011", set(), "3512142002911"),
        ("12", {"92"}, "82"),
        ("7", {str(digit) for digit in range(10)}, "79"),
    ],
)
def test_an_unknown_code_is_in_no_frame(code: str, known: set[str], wrong: str) -> None:
    assert forms.unknown_code(code, known) == wrong


@pytest.mark.parametrize(
    ("code", "number"), [("0012", "12"), ("12", "12"), ("3512142002011", "3.51214E+12"), ("BJB-001", "BJB-001")]
)
def test_a_code_taken_for_a_number(code: str, number: str) -> None:
    assert forms.as_number(code) == number


# --- a night -----------------------------------------------------------------------------------


def test_a_night_without_faults_is_the_clean_one() -> None:
    clean = night()
    spoiled = spoil(NONE, clean=clean)
    assert len(spoiled.log) == 0
    pd.testing.assert_frame_equal(spoiled.messages[clean.columns], clean, check_dtype=False)


def test_each_kind_comes_at_its_rate_and_no_station_twice() -> None:
    log = spoil(Faults()).log
    counts = log["kind"].value_counts().to_dict()
    corrected = counts.pop("correction")
    assert counts == {
        "silent": 10,  # a whole village
        "swapped": 2, "misread": 3, "unbalanced": 12, "transposed": 1, "shifted": 1, "excess": 1, "unknown_code": 2,
        "lost_zeros": 2, "naive_time": 2, "other_zone": 4, "duplicate": 4,
    }  # fmt: skip
    assert 10 <= corrected <= 16  # half of 26, the odd ones by lot
    faulty = log[log["kind"] != "correction"]
    assert not faulty["tps_id"].duplicated().any()


def test_the_same_seed_spoils_the_same_night() -> None:
    first, second, other = spoil(Faults()), spoil(Faults()), spoil(Faults(), seed=2)
    pd.testing.assert_frame_equal(first.log, second.log)
    pd.testing.assert_frame_equal(first.messages, second.messages)
    assert not first.log.equals(other.log)


def test_silent_villages_send_nothing_duplicates_are_the_same_and_corrections_are_right() -> None:
    clean = night().set_index("tps_id")
    spoiled = spoil(Faults().scale(2))
    log, messages = spoiled.log, spoiled.messages
    assert not set(log.loc[log["kind"] == "silent", "tps_id"]) & set(messages["station"])
    copies = messages.loc[log.loc[log["kind"] == "duplicate", "message"]]
    assert (copies["stamp"].to_numpy() == clean.loc[copies["station"], "second"].to_numpy()).all()
    assert (copies["second"] > copies["stamp"]).all()
    for kind in ("duplicate", "correction"):
        sent = messages.loc[log.loc[log["kind"] == kind, "message"]]
        assert sent["tps_id"].tolist() == sent["station"].tolist() == log.loc[log["kind"] == kind, "tps_id"].tolist()
        assert (sent[COUNTS].to_numpy() == clean.loc[sent["station"], COUNTS].to_numpy()).all()
    again = messages.loc[log.loc[log["kind"] == "correction", "message"]]
    waited = again["second"].to_numpy() - clean.loc[again["station"], "second"].to_numpy()
    assert ((waited >= 20 * 60) & (waited <= 70 * 60)).all()


def test_the_log_says_what_was_changed() -> None:
    log = spoil(NONE.change({"naive_time": 0.001})).log
    assert log[["kind", "what", "rules"]].iloc[0].tolist() == ["naive_time", "clock own → naive", "E210 E214"]
    log = spoil(NONE.change({"lost_zeros": 0.001, "corrected": 0})).log
    station = log["tps_id"].iloc[0]
    assert log["what"].tolist() == [f"tps_id {station} → {int(station)}"]


@pytest.mark.parametrize("seed", range(10))
def test_the_rules_of_the_form_see_the_faults_that_they_can_and_nothing_else(seed: int) -> None:
    clean = night(seed=seed)
    spoiled = inject(clean, VOTES, Faults().scale(2), set(clean["tps_id"]), generator(seed))
    sent = spoiled.messages
    row = pd.Index(clean["tps_id"]).get_indexer(sent["tps_id"])
    roll = np.where(row >= 0, clean["registered"].to_numpy(float)[row], np.nan)
    village = np.arange(len(clean)) // 10
    rolls = pd.DataFrame({"village": village, "registered": clean["registered"].astype(float)})
    counts = sent.assign(**{name: sent[name].astype("Float64").to_numpy(float, na_value=np.nan) for name in COUNTS})
    broken = checks.form_errors(counts, VOTES, roll, np.where(row >= 0, village[row], -1), rolls, checks.Limits())
    kind = spoiled.log.set_index("message")["kind"]
    expected = {
        "E203": {"misread", "unbalanced", "shifted"},
        "E205": {"excess"},
        "E208": {"swapped"},
    }
    for code, kinds in expected.items():
        # a misread total may exceed the roll as well, and so may a swapped form the other station's
        others = (broken["E203"][1] | broken["E208"][1]) & (code == "E205")
        seen = sent.index[broken[code][1] & ~others]
        assert set(seen) == set(kind.index[kind.isin(kinds)]), code
    assert set(sent.index[row < 0]) == set(kind.index[kind.isin({"unknown_code", "lost_zeros"})])


def test_swapped_forms_of_equal_rolls_are_invisible() -> None:
    clean = night().assign(registered=pd.array([300] * 400, dtype="Int64"))
    log = spoil(NONE.change({"swapped": 0.01, "corrected": 0}), clean=clean).log
    assert log["kind"].tolist() == ["swapped"] * 4
    assert log["rules"].tolist() == [""] * 4


def test_too_few_stations_for_the_faults() -> None:
    with pytest.raises(
        DesignError, match=r"of 20 stations would be spoiled, as every kind of fault comes once at least"
    ):
        spoil(Faults(), clean=night(20))
