"""A request: None is not given, what is false or zero is given, and an error names the argument."""

from datetime import datetime
from pathlib import Path

import pytest

import estimation as qc
from estimation.contest import ProjectionRequest, load_contest
from estimation.errors import ContestError, EstimateError
from estimation.projection import project, read_evening
from estimation.publish.reports.projection.provenance import projection_command

AT = "2024-11-27T18:30:00+07:00"


@pytest.mark.parametrize(
    ("key", "value"),
    [("delta", 0.0), ("agree", False), ("min_received", 0.0), ("drift", 0.0), ("min_per_stratum", 0)],
)
def test_what_is_zero_or_false_is_given(demo: Path, key: str, value: object) -> None:
    contest = ProjectionRequest.of(estimate={key: value}).applied_to(load_contest(demo))
    assert getattr(contest.estimate, key) == value


def test_a_value_of_zero_changes_the_numbers(demo: Path) -> None:
    evening = read_evening(load_contest(demo), ProjectionRequest.of(as_of=AT))

    def se(**options: object) -> float:
        estimate = project(evening, ProjectionRequest.of(**options)).estimate
        assert estimate is not None
        return float(estimate.se[0])

    assert se(estimate={"delta": 0.0}) < se()
    calibrated = {"estimator": "calibrated"}
    assert se(**calibrated, estimate={"leverage": False}) < se(**calibrated)


def test_what_is_not_given_is_the_contest_s(demo: Path) -> None:
    contest = load_contest(demo)
    assert ProjectionRequest().applied_to(contest) == contest
    assert ProjectionRequest().options(contest) == {}


def test_options_are_named_as_the_command_takes_them(demo: Path) -> None:
    contest = load_contest(demo)
    request = ProjectionRequest.of(
        sample=contest.out / "sample.csv",
        returns=Path("/elsewhere/r.csv"),
        level=0.9,
        estimator="ratio",
        estimate={"delta": 0.0},
        recorded_by="2024-11-27T11:30:00+00:00",
    )
    assert request.options(contest) == {
        "sample": "situbondo-2024/out/sample.csv",
        "returns": "r.csv",
        "delta": "0.0",
        "estimator": "ratio",
        "recorded-by": AT,
        "level": "0.9",
    }
    assert request.parameters()["recorded_by"] == "2024-11-27T11:30:00+00:00"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"estimator": "rato"}, "estimator = 'rato' can't be used: known are auto, .*did you mean 'ratio'?"),
        ({"as_of": "tonight"}, "as_of 'tonight' is no time: write it like 2024-11-27T18:30:00"),
        (
            {"as_of": "2024-11-27T18:30:00"},
            "as_of '2024-11-27T18:30:00' has no UTC offset",
        ),
        ({"level": 1.5}, "level = 1.5 can't be used: Input should be less than 1"),
        ({"levl": 0.9}, "levl: there is no such argument; known are sample, returns, as_of"),
    ],
)
def test_an_error_names_the_argument_and_what_is_allowed(options: dict[str, object], text: str) -> None:
    with pytest.raises(EstimateError, match=text):
        ProjectionRequest.of(**options)


def test_an_unknown_key_of_estimate_is_an_error(demo: Path) -> None:
    request = ProjectionRequest.of(estimate={"dleta": 0.0})
    with pytest.raises(ContestError, match="unknown key 'dleta': did you mean 'delta'"):
        request.applied_to(load_contest(demo))


def test_a_moment_may_be_an_object(demo: Path) -> None:
    at = datetime.fromisoformat(AT)
    assert ProjectionRequest.of(as_of=at) == ProjectionRequest.of(as_of=AT)


def test_the_command_on_a_page_repeats_every_option(demo: Path) -> None:
    p = qc.open(demo).project(as_of=AT, level=0.9, estimate={"delta": 0.0, "agree": False})
    assert projection_command(p.parts("en").view).endswith("--level 0.9 --estimate agree=false --estimate delta=0.0")
