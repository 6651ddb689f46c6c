"""contest.toml: what it says, its defaults, and an error that names place and remedy for all else."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import click
import pytest

from estimation.cli.options import request_option, time_option
from estimation.contest import EstimatorName, IntervalName, VarianceName, load_contest
from estimation.errors import ContestError, EstimationError

README = Path(__file__).parents[1] / "README.md"

MakeContest = Callable[..., Path]


def rejected(folder: Path) -> str:
    with pytest.raises(ContestError) as told:
        load_contest(folder)
    return str(told.value)


def edit(folder: Path, old: str, new: str) -> Path:
    path = folder / "contest.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return folder


def test_what_the_file_says_and_the_defaults(make_contest: MakeContest) -> None:
    folder = make_contest(extra_toml='[returns]\ncolumns = {jam = "received_at"}\ntimezone = "Asia/Makassar"\n')
    contest = load_contest(folder)
    assert (contest.about.id, contest.about.election_day) == ("small", date(2024, 11, 27))
    assert contest.about.publish_after == datetime(2024, 11, 27, 8, tzinfo=UTC)
    assert (contest.about.threshold, contest.about.level, contest.about.mode) == (0.5, 0.95, "live")
    assert contest.about.release == "internal"
    assert contest.vote_columns == ["votes_1", "votes_2"]
    assert [candidate.label for candidate in contest.candidates] == ["Candidate 1", "Candidate 2"]
    returns = contest.returns
    assert (returns.path, returns.allowance, returns.ballot_reserve) == ("inbox", 0.10, 0.025)
    assert (returns.max_registered, returns.asked) == (600, "sample")
    assert (returns.columns, returns.timezone) == ({"jam": "received_at"}, ZoneInfo("Asia/Makassar"))
    assert (contest.design.strata, contest.design.n, contest.design.seed) == (None, 300, 1)
    assert (contest.estimate.estimator, contest.estimate.call_error, contest.estimate.min_received) == (
        "auto",
        0.001,
        0.5,
    )
    assert (contest.folder, contest.out) == (folder, folder / "out")


@pytest.mark.parametrize(
    ("kind", "own", "limits"),
    [
        ("bupati", "", (0.025, 600)),
        ("gubernur", "", (0.025, 600)),
        ("presiden", "", (0.02, 300)),
        ("Presiden putaran 2", "", (0.02, 300)),
        ("dpr", "", (0.02, 300)),
        ("dprd-provinsi", "", (0.02, 300)),
        ("drpd", "", (0.025, 600)),
        ("presiden", "[returns]\nmax_registered = 500\n", (0.02, 500)),
        ("presiden", "[returns]\nballot_reserve = 0.03\n", (0.03, 300)),
    ],
)
def test_the_limits_of_the_form_go_by_the_kind_where_they_are_not_given(
    make_contest: Callable[..., Path], kind: str, own: str, limits: tuple[float, int]
) -> None:
    folder = make_contest(extra_toml=own)
    path = folder / "contest.toml"
    path.write_text(path.read_text().replace('kind = "bupati"', f'kind = "{kind}"'))
    returns = load_contest(folder).returns
    assert (returns.ballot_reserve, returns.max_registered) == limits


def test_the_file_itself_may_be_named_and_may_begin_with_a_byte_order_mark(make_contest: MakeContest) -> None:
    path = make_contest() / "contest.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_contest(path) == load_contest(str(path.parent))


def test_candidates_stand_in_the_order_of_the_file(make_contest: MakeContest) -> None:
    folder = edit(make_contest(candidates=3), "number = 1\n", 'number = 9\nshort = "C1"\n')
    contest = load_contest(folder)
    assert contest.vote_columns == ["votes_9", "votes_2", "votes_3"]
    assert contest.candidates[0].label == "C1"


def test_a_moment_on_the_contests_clock(make_contest: MakeContest) -> None:
    local = load_contest(make_contest()).local(datetime(2024, 11, 27, 11, 30, tzinfo=UTC))
    assert local.isoformat() == "2024-11-27T18:30:00+07:00"


def test_no_file(tmp_path: Path) -> None:
    told = rejected(tmp_path)
    assert told == f"{tmp_path / 'contest.toml'}: there is no such file: name the folder that holds contest.toml"


@pytest.mark.parametrize("content", [b"[contest\n", b'title = "\xe9"\n'], ids=["toml", "latin-1"])
def test_not_toml(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "contest.toml").write_bytes(content)
    assert "contest.toml: this is not valid TOML (" in rejected(tmp_path)


def test_an_empty_file_misses_both_tables(tmp_path: Path) -> None:
    (tmp_path / "contest.toml").touch()
    told = rejected(tmp_path)
    assert "[contest] is missing: add it" in told
    assert "[[candidates]] is missing: add it" in told


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("[desgin]\nn = 3\n", "unknown table [desgin]: did you mean 'design'?"),
        ("[candidate]\n", "unknown table [candidate]: did you mean 'candidates'?"),
        (
            "[weather]\n",
            "unknown table [weather]: known are contest, candidates, frame, baseline, official, boundaries, returns, "
            "design, estimate, report",
        ),
        pytest.param(
            "[about]\n",
            "unknown table [about]",
        ),
        ('[design]\nstratum = "x"\n', "[design]: unknown key 'stratum': did you mean 'strata'?"),
        ("[report]\nfoo = 1\n", "[report]: unknown key 'foo': known are language, areas"),
        (
            '[estimate]\nestimator = "ratoi"\n',
            "[estimate] estimator: 'ratoi' can't be used: known are auto, multilevel, two-phase, propensity, "
            "propensity-cells, ratio, separate, poststratified, raked, calibrated: did you mean 'ratio'?",
        ),
        ("[estimate]\ncall_error = 0.5\n", "[estimate] call_error: 0.5 can't be used: Input should be less than 0.5"),
        ("[returns]\nallowance = -1\n", "[returns] allowance: -1 can't be used"),
        ('[returns]\ntimezone = "Asia/Jakrta"\n', "[returns] timezone: 'Asia/Jakrta' can't be used: invalid timezone"),
        ("[frame]\npath = 3\n", "[frame] path: 3 can't be used"),
    ],
)
def test_unknown_tables_keys_and_values(make_contest: MakeContest, extra: str, message: str) -> None:
    assert message in rejected(make_contest(extra_toml=extra))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '"plurality"',
            '"pluralty"',
            "[contest] rule: 'pluralty' can't be used: known are plurality, majority-runoff, ",
        ),
        ('"plurality"', '"pluralty"', "did you mean 'plurality'?"),
        ('rule = "plurality"', "", "[contest]: key 'rule' is missing: add it"),
        ("title =", "titel =", "[contest]: unknown key 'titel': did you mean 'title'?"),
        (
            "15:00:00+07:00",
            "15:00:00",
            "[contest] publish_after: '2024-11-27 15:00:00' has no UTC offset: write a time",
        ),
        ("2024-11-27T15:00:00+07:00", "2024-11-27", "publish_after: '2024-11-27' has no UTC offset"),
        ('"small"', '"a/b"', "[contest] id: 'a/b' can't be used"),
        ("number = 2", "numbr = 2", "[[candidates]] entry 2: unknown key 'numbr': did you mean 'number'?"),
        ("number = 2", "numbr = 2", "[[candidates]] entry 2: key 'number' is missing: add it"),
        ("number = 2", "number = 0", "[[candidates]] entry 2, number: 0 can't be used"),
        ("number = 2", "number = 1", "[[candidates]] number 1 stands there twice: number them as on the ballot"),
        ("number = 2", 'number = 2\ncolor = "red"', "[[candidates]] entry 2, color: 'red' can't be used"),
        ("[contest]", "[Contest]", "unknown table [Contest]: did you mean 'contest'?"),
        ("[contest]", "[about]", "unknown table [about]: known are contest, candidates"),
        pytest.param(
            "[contest]",
            'folder = "x"\n[contest]',
            "unknown",
        ),
    ],
)
def test_wrong_words_in_the_tables_every_contest_has(
    make_contest: MakeContest, old: str, new: str, message: str
) -> None:
    assert message in rejected(edit(make_contest(), old, new))


def test_every_error_is_listed_in_a_line_with_the_file(make_contest: MakeContest) -> None:
    folder = edit(make_contest(extra_toml="[desgin]\n[report]\nfoo = 1\n"), "title =", "titel =")
    lines = rejected(folder).splitlines()
    assert len(lines) == 4
    assert all(line.startswith(f"{folder / 'contest.toml'}: ") for line in lines)


@pytest.mark.parametrize("rule", ["plurality", "majority-runoff"])
def test_one_candidate_is_too_few(make_contest: MakeContest, rule: str) -> None:
    told = rejected(make_contest(candidates=1, rule=rule))
    assert f"rule '{rule}' needs two candidates or more, there is one" in told


def test_no_candidates(make_contest: MakeContest) -> None:
    assert "[[candidates]] is missing: add it" in rejected(make_contest(candidates=0))
    folder = edit(make_contest(candidates=0), "[contest]", "candidates = []\n[contest]")
    assert "[[candidates]] is empty: a contest needs candidates" in rejected(folder)


def test_a_single_candidate_stands_against_the_empty_column(make_contest: MakeContest) -> None:
    contest = load_contest(make_contest(rule="single-candidate"))
    assert [candidate.empty_column for candidate in contest.candidates] == [False, True]


@pytest.mark.parametrize(("candidates", "empty"), [(1, 1), (3, 1), (2, 0)])
def test_the_rule_single_candidate_needs_two_entries(make_contest: MakeContest, candidates: int, empty: int) -> None:
    folder = make_contest(candidates=candidates, rule="single-candidate")
    if not empty:
        edit(folder, "empty_column = true", "empty_column = false")
    assert f"there are {candidates}, {empty} of them empty columns" in rejected(folder)


def test_an_empty_column_beside_several_candidates(make_contest: MakeContest) -> None:
    folder = edit(make_contest(rule="single-candidate"), '"single-candidate"', '"plurality"')
    assert "an empty column stands only against a single candidate" in rejected(folder)


def test_a_moment_on_the_command_line() -> None:
    assert time_option(None) is None
    assert time_option("2024-11-27T18:30:00+07:00") == datetime(2024, 11, 27, 11, 30, tzinfo=UTC)
    assert time_option("2024-11-27T11:30Z") == datetime(2024, 11, 27, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2024-11-27T18:30:00", "--as-of '2024-11-27T18:30:00' has no UTC offset: write it like"),
        ("2024-11-27", "--as-of '2024-11-27' has no UTC offset"),
        ("half past six", "--as-of 'half past six' is no time: write it like 2024-11-27T18:30:00+07:00"),
    ],
)
def test_a_moment_without_offset_is_no_moment(text: str, message: str) -> None:
    with pytest.raises(EstimationError) as told:
        time_option(text)
    assert message in str(told.value)


@pytest.mark.parametrize(
    ("key", "names"), [("estimator", EstimatorName), ("variance", VarianceName), ("interval", IntervalName)]
)
def test_the_readme_names_what_a_contest_may_name(key: str, names: object) -> None:
    (row,) = [line for line in README.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{key}` |")]
    assert set(re.findall(r"`([a-z-]+)`", row)) == {key, *get_args(names)}


@pytest.mark.parametrize(
    ("option", "names"), [("estimator", EstimatorName), ("variance", VarianceName), ("interval", IntervalName)]
)
def test_the_command_s_help_names_what_a_contest_may_name(option: str, names: object) -> None:
    (parameter,) = click.command()(request_option(option)(lambda **_: None)).params
    assert isinstance(parameter, click.Option)
    listed = str(parameter.help).partition(";")[0].replace(" or ", ", ")
    assert listed.split(", ") == list(get_args(names))
