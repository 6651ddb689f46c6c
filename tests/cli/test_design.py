"""``quickcount design`` and the options that ``quickcount draw`` shares with ``[design]``."""

import json

import pytest

from estimation.contest import load_contest
from estimation.errors import ContestError


@pytest.fixture
def contest(make_contest):
    return make_contest(stations=60, extra_toml="[design]\nn = 12\n")


def test_a_draw_with_costs_writes_them_into_the_manifest(run, contest):
    votes = [f"{i:04d},{100 + i * i % 37},{120 - i}" for i in range(1, 61)]
    (contest / "baseline.csv").write_text("tps_id,votes_1,votes_2\n" + "\n".join(votes) + "\n")
    words = ("--allocation", "optimal", "--cost-station", 10, "--cost-village", 5, "--maximum", 5)
    status, _, _ = run("draw", contest, *words)
    manifest = json.loads((contest / "out/manifest.json").read_text())
    assert status == 0
    named = {"allocation": "optimal", "cost": "", "cost_station": 10.0, "cost_village": 5.0, "maximum": 5}
    assert named.items() <= manifest["design"].items()
    assert sum(row["drawn"] for row in manifest["strata"]) == 12
    assert max(row["drawn"] for row in manifest["strata"]) <= 5
    assert run("verify", contest)[0] == 0


@pytest.mark.parametrize("strata", ["registered/3lh", "registered?", "district,registered/2lh"])
def test_classes_are_drawn_and_verified(run, contest, strata):
    assert run("draw", contest, "--method", "pivotal", "--strata", strata)[0] == 0
    status, out, _ = run("verify", contest)
    assert (status, out.splitlines()[0]) == (0, "the same 12 stations come out with seed '1'")


def test_a_draw_says_what_its_allocation_does_not_see(run, contest):
    votes = [f"JAWA,KOTA,{'ABC'[v % 3]},DESA {v + 1},{100 + 10 * v},{100 + v}" for v in range(6)]
    (contest / "baseline.csv").write_text(
        "province,regency,district,village,votes_1,votes_2\n" + "\n".join(votes) + "\n"
    )
    with (contest / "contest.toml").open("a") as stream:
        stream.write('[baseline]\nlevel = "village"\n')
    status, out, _ = run("draw", contest, "--allocation", "neyman")
    assert status == 0
    assert out.splitlines()[-1] == (
        "W318: the earlier election is known by village only: the allocation 'neyman' sees how villages differ, not "
        "how the stations in them do, and may be worse than 'proportional'"
    )
    assert run("draw", contest, "--allocation", "neyman", "--strict")[0] == 1


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (("draw", "--allocation", "optimal"), 1, "error: allocation 'optimal' needs costs: name a frame column"),
        (("draw", "--strata", "dpt?"), 1, "error: strata 'dpt?': column 'dpt' is not in the frame"),
        (("draw", "--maximum", 3), 1, "n = 12 is more than the maxima of the strata allow: ask for 9 or raise them"),
        (("design", "--margin", 2), 2, "Invalid value for '--margin': 2.0 is not in the range 0<x<1"),
        (("design", "--right-leader", 0.3), 2, "'--right-leader': 0.3 is not in the range 0.5<x<1"),
        (("design", "--budget", 0), 2, "Invalid value for '--budget': 0.0 is not in the range x>0"),
        (("design", "--budget", 9), 1, "error: a budget of 9 says nothing without costs: give cost_station"),
    ],
)
def test_what_can_not_be_says_why(run, contest, words, status, text):
    verb, *rest = words
    ended, _, err = run(verb, contest, *rest)
    assert ended == status
    assert text in err


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("margin = 2.0", r"\[design\] margin: 2.0 can't be used"),
        ("right_leader = 0.4", r"\[design\] right_leader: 0.4 can't be used"),
        ("budget = 0", r"\[design\] budget: 0 can't be used"),
        ("budget = inf", r"\[design\] budget: inf can't be used"),
        ("cost_station = -1", r"\[design\] cost_station: -1 can't be used"),
        ("maximum = -1", r"\[design\] maximum: -1 can't be used"),
        ('allocation = "optimum"', r"known are .*optimal.*: did you mean 'optimal'\?"),
        ("cost_vilage = 3", r"\[design\]: unknown key 'cost_vilage': did you mean 'cost_village'\?"),
    ],
)
def test_keys_of_the_contest_are_checked(make_contest, line, text):
    with pytest.raises(ContestError, match=text):
        load_contest(make_contest(extra_toml=f"[design]\n{line}\n"))


def test_help_names_what_can_be_asked(run):
    text = " ".join(run("design", "--help")[1].split())
    for option in ("--margin", "--right-leader", "--budget", "--cost-station", "--cost-village", "--allocation"):
        assert option in text
    text = " ".join(run("draw", "--help")[1].split())
    for part in ("--maximum", "--cost COLUMN", "--merge", "'baseline_1/3lh' by Lavallée", "'registered?' draws"):
        assert part in text
