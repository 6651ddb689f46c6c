"""A backtest read back from its JSON: pooled by hand, exact bounds against scipy's own test."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from estimation.errors import EstimationError
from estimation.simulation.backtest.backtest_record import backtest_record_of, chance_band, read_backtest_record
from estimation.survey.intervals import exact_binomial

NUMBERS: dict[str, Any] = {"bias": 0.0, "true_se": 0.02, "mean_se": 0.02, "nights": 100, "n": 40}


def row(estimator: str, quantity: str, truth: float, **own: Any) -> dict[str, Any]:
    head = {"received": 0.1, "estimator": estimator, "quantity": quantity, "truth": truth, "arrival": "random"}
    calls = {"call_rate": 0.5, "wrong_call_rate": 0.02, "never_called_rate": 0.25} if quantity == "lead" else {}
    judged = {"coverage": 0.95, "half_width": 0.04, "interval_score": 0.1}
    return {**head, "design": "stratified (district,village)", **NUMBERS, **judged, **calls, **own}


def document(**changes: Any) -> dict[str, Any]:
    rows = [
        row("multilevel", "share:1", 0.5, coverage=0.97, bias=0.01, true_se=0.03, interval_score=0.08),
        row("multilevel", "share:2", 0.4, coverage=0.94, bias=-0.03, true_se=0.04, interval_score=0.10),
        row("multilevel", "share:3", 0.1, coverage=1.0, half_width=0.01),
        row("multilevel", "lead", 0.1),
        row("ratio", "share:1", 0.5, coverage=0.9, interval_score=0.11),
        row("ratio", "share:2", 0.4, coverage=None, half_width=None, interval_score=0.13, nights=1),
        row("ratio", "share:3", 0.1, coverage=0.8, half_width=0.02),
        row("ratio", "lead", 0.1, wrong_call_rate=0.0),
    ]
    head = {"schema": "backtest/1", "contest": "small", "replicates": 100, "level": 0.95, "seed": "7", "version": "1"}
    tail = {"stations": 90, "left_out": 0, "first_right_call": {"multilevel": 0.1, "ratio": None}, "rows": rows}
    return {**head, **tail, **changes}


def test_large_shares_are_pooled_by_themselves() -> None:
    table = backtest_record_of(document()).pooled().set_index("estimator")
    own = table.loc["multilevel"]
    assert own["coverage"] == pytest.approx(0.955)
    assert own["half_width"] == pytest.approx(0.04)
    assert own["bias"] == pytest.approx(0.02)  # 1 and -3 points: signed they would nearly cancel
    assert own["true_se"] == pytest.approx(np.sqrt((0.03**2 + 0.04**2) / 2))
    assert own["score"] == pytest.approx(0.09 / 0.12)
    assert table.loc["ratio", "score"] == 1.0


def test_a_share_that_nothing_is_said_of_is_not_counted() -> None:
    ratio = backtest_record_of(document()).pooled().set_index("estimator").loc["ratio"]
    assert ratio["coverage"] == pytest.approx(0.9)
    assert ratio["nights"] == 100


def test_small_shares_are_pooled_by_themselves() -> None:
    table = backtest_record_of(document()).pooled(large=False)
    assert table["coverage"].tolist() == [1.0, 0.8]
    assert (
        backtest_record_of(document(rows=[*document()["rows"][:2], row("multilevel", "lead", 0.1)]))
        .pooled(large=False)
        .empty
    )


def test_bounds_count_nights_not_nights_times_shares() -> None:
    own = backtest_record_of(document()).pooled(large=False).set_index("estimator").loc["ratio"]
    exact = binomtest(80, 100).proportion_ci(0.95)
    assert (own["coverage_low"], own["coverage_high"]) == pytest.approx((exact.low, exact.high))


@pytest.mark.parametrize(("hits", "nights"), [(0, 60), (1, 60), (57, 60), (60, 60), (951, 1000)])
def test_exact_binomial(hits: int, nights: int) -> None:
    exact = binomtest(hits, nights).proportion_ci(0.95)
    assert exact_binomial(hits / nights, nights) == pytest.approx((exact.low, exact.high), rel=1e-9)


def test_bounds_of_nothing() -> None:
    assert np.isnan(exact_binomial(float("nan"), 100)).all()
    assert np.isnan(exact_binomial(0.5, 0)).all()
    assert np.isnan(chance_band(0.95, 0)).all()


def test_what_chance_does_to_a_method_that_is_right() -> None:
    # P(X <= 89) = 0.0115 and P(X <= 90) = 0.0282 for X ~ B(100, 0.95); P(X <= 98) = 0.9629, P(X <= 99) = 0.9941
    assert chance_band(0.95, 100) == pytest.approx((0.90, 0.99))


def test_calls_are_nights_with_exact_bounds() -> None:
    calls = backtest_record_of(document()).calls().set_index("estimator")
    assert calls["wrong"].tolist() == [2, 0]
    assert calls.loc["ratio", "wrong_high"] == pytest.approx(1 - 0.025 ** (1 / 100))
    assert calls["never"].tolist() == [0.25, 0.25]


def test_the_design_is_read_from_its_label() -> None:
    record = backtest_record_of(document())
    assert (record.method, record.strata, record.n, record.arrival) == ("stratified", "district,village", 40, "random")
    assert (record.parts, record.estimators, record.nearest(0.9)) == ([0.1], ["multilevel", "ratio"], 0.1)


def test_the_area_and_the_settings_are_read_and_older_documents_have_none() -> None:
    older = backtest_record_of(document())
    assert (older.where, dict(older.estimate), dict(older.inputs)) == (None, {}, {})
    now = backtest_record_of(document(where="regency=R", estimate={"delta": 0.05, "bounds": None}))
    assert (now.where, dict(now.estimate)) == ("regency=R", {"delta": 0.05, "bounds": None})
    with pytest.raises(EstimationError, match=r"an area or null, .estimate. and .inputs. are tables of keys, not 3, "):
        backtest_record_of(document(where=3))


def test_of_two_parts_as_near_the_smaller_is_taken() -> None:
    rows = document()["rows"] + [{**given, "received": 0.5} for given in document()["rows"]]
    record = backtest_record_of(document(rows=rows))
    assert (record.nearest(0.3), record.nearest(0.31)) == (0.1, 0.5)


def test_what_is_no_backtest_says_so(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    with pytest.raises(EstimationError, match=r"results\.json: the results of a backtest can't be read"):
        read_backtest_record(path)
    path.write_text('{"schema": "projection/1"}', encoding="utf-8")
    with pytest.raises(EstimationError, match=r"results\.json: schema 'projection/1' where 'backtest/1' was expected"):
        read_backtest_record(path)
    path.write_text("[1]", encoding="utf-8")
    with pytest.raises(EstimationError, match="schema None where"):
        read_backtest_record(path)
    path.write_text(json.dumps(document(rows=[{"received": 1.0}], seed="7") | {"level": 0.95}), encoding="utf-8")
    with pytest.raises(EstimationError, match=r"arrival, bias, .*wrong_call_rate missing: make it anew"):
        read_backtest_record(path)
    path.write_text(json.dumps(document()), encoding="utf-8")
    assert read_backtest_record(path).document == document()
