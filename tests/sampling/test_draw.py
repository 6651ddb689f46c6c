"""Every method through the whole room: drawn, written, read again, and estimated from."""

import dataclasses
import shutil

import numpy as np
import pandas as pd
import pytest

from estimation.contest import load_contest
from estimation.errors import DesignError
from estimation.estimators import weight_responding
from estimation.frame import load_frame
from estimation.projection import project_contest
from estimation.sampling import design_of, draw, read_sample, write_draw
from estimation.sampling.verify_draw import verify
from estimation.survey import Structure
from estimation.survey.variance import default

METHODS = {
    # method: what it needs, the variance that belongs to it
    "simple": ({}, "stratified"),
    "stratified": ({"strata": "district"}, "stratified"),
    "systematic": ({}, "successive"),
    "pps-systematic": ({}, "successive"),
    "sampford": ({}, "yates-grundy"),
    "max-entropy": ({}, "yates-grundy"),
    "pivotal": ({}, "local-neighbourhood"),
    "cube": ({"balance": ("registered",)}, "balanced"),
    "two-stage": ({"per_cluster": 3}, "ultimate-cluster"),
}
CASES = [(method, needs, variance) for method, (needs, variance) in METHODS.items()]
CASES.append(("systematic", {"strata": "district"}, "successive"))
CASES.append(("pivotal", {"spread": ("registered",)}, "local-neighbourhood"))


@pytest.fixture(scope="module")
def contest(demo, tmp_path_factory):
    folder = tmp_path_factory.mktemp("draws")
    for name in ("frame.csv", "baseline.csv"):
        shutil.copyfile(demo / name, folder / name)
    return dataclasses.replace(load_contest(demo), folder=folder)


@pytest.fixture(scope="module")
def official(demo):
    return pd.read_csv(demo / "official.csv", dtype=str).set_index("tps_id")


@pytest.fixture(scope="module")
def frame(demo):
    return load_frame(load_contest(demo))


@pytest.mark.parametrize(("method", "needs", "variance"), CASES)
def test_drawn_written_and_read_again(contest, frame, method, needs, variance):
    design = design_of(contest, method=method, n=60, seed=5, **needs)
    sample = draw(frame, design)
    path, _ = write_draw(contest, frame, design, sample)
    again = read_sample(path, frame, design)
    np.testing.assert_array_equal(again.rows, sample.rows)
    np.testing.assert_allclose(again.probability, sample.probability, rtol=1e-12)
    for field in dataclasses.fields(Structure):
        one, other = getattr(sample.structure, field.name), getattr(again.structure, field.name)
        assert (one is None) == (other is None), field.name
        if field.name != "method" and one is not None:
            np.testing.assert_allclose(other, one, rtol=1e-9, err_msg=field.name)
    assert (again.method, again.psu) == (method, sample.psu)
    structure = weight_responding(again, np.ones(len(again), dtype=bool)).structure
    assert default(structure)[0] == variance
    np.testing.assert_allclose(structure.weight, 1 / sample.probability, rtol=1e-12)
    assert len(set(sample.rows.tolist())) == len(sample) == (60 if method != "two-stage" else len(sample))


@pytest.mark.parametrize(("method", "needs", "variance"), CASES)
def test_the_weights_of_what_is_in_stand_for_what_was_drawn(contest, frame, method, needs, variance):
    design = design_of(contest, method=method, n=60, seed=5, **needs)
    sample = draw(frame, design)
    seen = np.random.default_rng(3).random(len(sample)) < 0.5
    structure = weight_responding(sample, seen).structure
    assert (structure.weight[~seen] == 0).all()
    assert structure.weight.sum() == pytest.approx((1 / sample.probability).sum(), rel=1e-12)


@pytest.mark.parametrize(("method", "needs", "variance"), CASES)
@pytest.mark.parametrize("number", [0, 1, 2, 3, 4, 7])
def test_a_few_returns_never_stop_a_projection(contest, frame, official, method, needs, variance, number):
    design = design_of(contest, method=method, n=60, seed=5, **needs)
    sample = draw(frame, design)
    write_draw(contest, frame, design, sample)
    few = contest.folder / "few.csv"
    official.loc[frame.table["tps_id"].iloc[sample.rows[:number]]].reset_index().to_csv(few, index=False)
    found = project_contest(contest, returns=few)
    assert found.progress.used == number
    assert (found.estimate is None) == (found.call.status == "insufficient")
    assert found.estimate is None or np.isfinite(found.estimate.se).all()
    assert number >= 2 or found.estimate is None


def test_the_strata_of_the_contest_belong_to_its_method(contest):
    assert design_of(contest).strata == "district"
    assert design_of(contest, method="systematic").strata == ""
    assert design_of(contest, method="systematic", strata="district").strata == "district"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"method": "cube", "balance": ("lat",)}, "column 'lat' is not in the frame"),
        ({"method": "cube", "balance": ("tps_id", "village")}, "column 'village' holds no number"),
        ({"method": "two-stage", "strata": "district"}, "method 'two-stage' takes no strata"),
        ({"method": "systematic", "sort": "kecamatn"}, "column 'kecamatn' is not in the frame"),
        ({"n": 2000}, "n = 2000 is more than the 1030 stations there are"),
    ],
)
def test_what_can_not_be_drawn_is_an_error(contest, frame, changes, text):
    with pytest.raises(DesignError, match=text):
        draw(frame, design_of(contest, **changes))


def test_a_measure_must_be_positive(contest, frame):
    table = frame.table.assign(count=np.where(np.arange(len(frame)) < 2, 0, 5))
    with pytest.raises(DesignError, match=r"column 'count' is zero or negative for 2 stations \(3512\d+, 3512\d+\)"):
        draw(dataclasses.replace(frame, table=table), design_of(contest, method="sampford", measure="count"))


def test_a_reserve_is_written_and_never_estimated_from(contest, frame):
    plain, design = (design_of(contest, n=60, seed=5, reserve=part) for part in (0.0, 0.1))
    sample = draw(frame, design)
    np.testing.assert_array_equal(sample.rows, draw(frame, plain).rows)
    assert sample.reserve is not None
    assert not set(sample.reserve.rows.tolist()) & set(sample.rows.tolist())
    path, _ = write_draw(contest, frame, design, sample)
    table = pd.read_csv(path, dtype=str)
    assert (table["reserve"] != "0").sum() == len(sample.reserve) >= 17  # at least one in each district
    assert table.loc[table["reserve"] != "0", ["probability", "weight", "order"]].isna().all(axis=None)
    np.testing.assert_array_equal(read_sample(path, frame, design).rows, sample.rows)
    assert verify(contest).same
