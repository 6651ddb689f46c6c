"""What takes the place of a variance or an estimator that the returns can't give, and what is refused beforehand."""

import numpy as np
import pytest

from estimation.contest import load_contest, variances_of
from estimation.errors import ContestError, EstimateError
from estimation.projection import project_contest

from .conftest import add, frame_rows, moment, with_design


def notices(projection, code):
    return [notice for notice in projection.notices if notice.code == code]


@pytest.mark.parametrize("variance", ["horvitz-thompson", "yates-grundy"])
def test_one_station_that_is_late_changes_the_variance_and_not_the_estimator(make_contest, variance):
    folder, drawn = with_design(make_contest, "sampford")
    add(folder, variance=variance, estimator="ratio")
    late, all_in = (project_contest(load_contest(folder), as_of=moment(part, drawn)) for part in (99, 100))
    assert (late.estimator, late.variance) == ("ratio", "deville")
    (note,) = notices(late, "W328")
    assert (
        f"the variance {variance} can't be computed ({variance} needs all 40 drawn stations, and 39 are in" in note.text
    )
    assert note.text.endswith("the design's own, deville, took its place")
    assert notices(late, "W322") == notices(late, "W329") == []
    auto = project_contest(load_contest(folder), as_of=moment(99, drawn), estimate={"variance": "auto"})
    np.testing.assert_array_equal(late.estimate.cov, auto.estimate.cov)
    for area, other in zip(late.areas, auto.areas, strict=True):
        np.testing.assert_array_equal(area.estimate.cov, other.estimate.cov)
    assert (all_in.variance, notices(all_in, "W328")) == (variance, [])
    assert {area.estimate.cov_name for area in all_in.areas} == {variance}


def test_the_prediction_has_its_own_variance_and_areas_fall_back(make_contest):
    folder, drawn = with_design(make_contest, "sampford")
    add(folder, variance="yates-grundy")
    late = project_contest(load_contest(folder), as_of=moment(99, drawn))
    assert (late.estimator, late.variance) == ("multilevel", "model")
    assert len(notices(late, "W328")) == 1
    assert {area.estimate.cov_name for area in late.areas} == {"deville"}


def test_areas_that_fall_back_alone_are_counted(make_contest):
    """Some of twenty replicates have none of the few villages of a district."""
    folder, drawn = with_design(make_contest, "two-stage")
    add(folder, variance="bootstrap", estimator="ratio", replicates=20)
    few = project_contest(load_contest(folder), as_of=moment(50, drawn))
    names = [area.estimate.cov_name for area in few.areas if area.estimate is not None]
    assert few.variance == "bootstrap"
    assert set(names) == {"bootstrap", "ultimate-cluster"}
    (note,) = notices(few, "W329")
    assert note.values == {"count": names.count("ultimate-cluster"), "variance": "bootstrap"}
    assert notices(few, "W328") == []


def test_an_estimator_that_few_returns_can_t_carry_gives_way_to_the_ratio(make_contest):
    folder, drawn = with_design(make_contest, "stratified")
    add(folder, estimator="calibrated", variance="jackknife")
    few = project_contest(load_contest(folder), as_of=moment(10, drawn))
    assert (few.estimator, few.variance) == ("ratio", "jackknife")
    (note,) = notices(few, "W322")
    assert note.text.startswith("the estimator calibrated can't be computed (4 stations in are too few for ")
    assert notices(few, "W328") == []


def test_a_method_for_comparison_that_can_t_be_computed_is_named(make_contest):
    """The separate ratio goes by the roll, and none is known."""
    rows = [row | {"registered": ""} for row in frame_rows()]
    votes = [
        {"tps_id": row["tps_id"], "votes_1": 60 + i, "votes_2": 50, "invalid": 0, "total": 110 + i}
        for i, row in enumerate(rows)
    ]
    folder = make_contest(stations=rows, returns=votes, extra_toml='[returns]\nasked = "all"\n')
    projection = project_contest(load_contest(folder))
    (note,) = notices(projection, "W321")
    assert note.text.startswith("the method separate, for comparison, can't be computed: ")
    assert "separate" not in projection.others
    assert "ratio" in projection.others


@pytest.mark.parametrize("inbox", ["empty", "full"])
def test_every_verb_refuses_what_the_drawn_sample_can_never_give(make_contest, run, inbox):
    folder, _ = with_design(make_contest, "stratified")
    if inbox == "empty":
        (folder / "inbox" / "returns.csv").unlink()
    add(folder, variance="balanced")
    text = (
        "variance 'balanced' needs a balanced sample, and method 'stratified' does not balance: it would be too small: "
    )
    for verb in ("check", "project"):
        status, _, error = run(verb, folder)
        assert status == 1
        assert text + "take auto, stratified, deville, jackknife or bootstrap" in " ".join(error.split())


def test_a_variance_given_as_an_option_is_refused_with_the_same_words(make_contest):
    folder, _ = with_design(make_contest, "two-stage")
    with pytest.raises(
        ContestError, match="'deville' takes stations as drawn one by one, and villages are drawn first"
    ):
        project_contest(load_contest(folder), estimate={"variance": "deville"})


def test_the_sample_s_own_method_counts_and_not_the_contest_s(make_contest):
    folder, drawn = with_design(make_contest, "sampford")
    path = folder / "contest.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace('method = "sampford"', 'method = "simple"'), encoding="utf-8"
    )
    add(folder, variance="yates-grundy", estimator="ratio")
    assert project_contest(load_contest(folder), as_of=moment(100, drawn)).variance == "yates-grundy"
    add(folder, variance="successive")
    with pytest.raises(ContestError, match="method 'sampford' does not draw by"):
        project_contest(load_contest(folder))


def test_probabilities_by_size_are_seen_in_the_sample_where_the_method_does_not_tell(make_contest):
    folder, _ = with_design(make_contest, "pivotal", measure="registered")
    add(folder, variance="stratified")
    with pytest.raises(EstimateError, match=r"from this sample, not even with every station in: .*take deville"):
        project_contest(load_contest(folder))


def test_simultaneous_intervals_of_too_many_candidates_are_refused(make_contest):
    for candidates in (10, 11):
        keys = '[estimate]\ninterval = "simultaneous"\n'
        folder = make_contest(candidates=candidates, extra_toml=keys)
        if candidates == 10:
            assert load_contest(folder).estimate.interval == "simultaneous"
            continue
        with pytest.raises(
            ContestError, match="at most 10 candidates together, and there are 11: take auto, t, logit, wils"
        ):
            load_contest(folder)


def test_an_interval_given_as_an_option_is_refused_too(make_contest):
    folder, _ = with_design(make_contest, "simple", candidates=11)
    with pytest.raises(ContestError, match="holds for at most 10 candidates together, and there are 11"):
        project_contest(load_contest(folder), estimate={"interval": "simultaneous"})


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (
            {"estimator": "ratio"},
            "needs draws, and estimator 'ratio' with variance 'auto' has none: take variance 'boot",
        ),
        ({"estimator": "ratio", "variance": "jackknife"}, "with variance 'jackknife' has none"),
        ({"variance": "bootstrap", "replicates": 39}, "at level 0.95 needs 40 replicates, and there are 39"),
    ],
)
def test_percentiles_without_draws_are_refused(make_contest, keys, text):
    folder = make_contest()
    add(folder, interval="percentile", **keys)
    with pytest.raises(ContestError, match=text):
        load_contest(folder)


def test_percentiles_where_there_are_draws_and_the_default_where_there_are_none(make_contest):
    folder, drawn = with_design(make_contest, "sampford")
    add(folder, interval="percentile", replicates=40)
    late, all_in = (project_contest(load_contest(folder), as_of=moment(part, drawn)) for part in (99, 100))
    assert (late.estimate.kind, {area.estimate.kind for area in late.areas}) == ("percentile", {"auto"})
    assert (all_in.estimator, all_in.estimate.kind) == ("ratio", "auto")


def test_every_design_can_give_its_own_variance_and_replicates():
    for method in ("all", "simple", "systematic", "sampford", "cube", "two-stage"):
        assert {"auto", "jackknife", "bootstrap"} <= set(variances_of(method))
        assert variances_of(method)[0] == "auto"
