"""Chances of arrival: by hand, against statsmodels, in the limits, and what stops them."""

from dataclasses import replace

import numpy as np
import pytest
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM

from estimation.contest import EstimateTable
from estimation.errors import EstimateError
from estimation.estimators import design_weighting, weight_responding
from estimation.estimators.propensity import (
    SeparationError,
    cell_response,
    distances,
    fit_logistic,
    logistic_response,
    propensity,
)
from estimation.rules import Notice
from estimation.survey import Structure


def structure_of(biased, nights):
    """Lay nights behind each other: rows (b, n), structure (b, n)."""
    singles = [weight_responding(sample, seen).structure for sample, seen in nights]
    names = ("weight", "stratum", "size", "probability")
    many = replace(singles[0], **{name: np.stack([getattr(s, name) for s in singles]) for name in names})
    return np.stack([sample.rows for sample, _ in nights]), many, singles


@pytest.mark.parametrize("by", ["logistic", "cells"])
def test_with_every_station_in_it_is_the_ratio(biased, by):
    sample, _ = biased.night(1.0)
    design = weight_responding(sample, np.ones(160, dtype=np.bool_)).structure
    found = propensity(biased.frame, sample.rows, biased.strata, design, by=by)
    np.testing.assert_allclose(found.weight, design_weighting(design).weight, rtol=1e-12)
    assert found.notes == ()
    assert found.name == {"logistic": "propensity", "cells": "propensity-cells"}[by]


@pytest.mark.parametrize("by", ["logistic", "cells"])
def test_strata_keep_their_stations_and_replicates_equal_single_nights(biased, by):
    nights = [biased.night(0.5, seed) for seed in range(5)]
    nights[2] = (nights[2][0], np.ones(160, dtype=np.bool_))  # nothing to explain there
    rows, many, singles = structure_of(biased, nights)
    found = propensity(biased.frame, rows, biased.strata, many, by=by)
    for r, single in enumerate(singles):
        one = propensity(biased.frame, rows[r], biased.strata, single, by=by)
        np.testing.assert_allclose(found.weight[r], one.weight, rtol=1e-8)
        groups = np.bincount(single.stratum, one.weight, 8)
        np.testing.assert_allclose(groups, single.size, rtol=1e-9)
    assert found.weight[0][~nights[0][1]].tolist() == [0.0] * 80


def test_cells_by_hand(two_cells):
    # 40 drawn in one stratum, rolls in three classes; in: 10 of 12 small, 6 of 16 middle, 5 of 12 large
    frame, rows, strata, design, size = two_cells
    found = cell_response(frame, rows, strata, design)
    assert found.groups == 3
    expected = np.array([10 / 12, 6 / 16, 5 / 12])
    np.testing.assert_allclose(found.chance, expected[size], rtol=1e-12)
    weights = propensity(frame, rows, strata, design, by="cells").weight
    share = np.bincount(size, weights) / weights.sum()
    np.testing.assert_allclose(share, np.array([12, 16, 12]) / 40, rtol=1e-12)  # as drawn


def test_a_cell_with_few_in_goes_with_the_next(two_cells):
    frame, rows, strata, design, size = two_cells
    fewer = replace(design, weight=np.where((size == 2) & (np.cumsum(size == 2) > 2), 0.0, design.weight))
    assert (fewer.weight > 0)[size == 2].sum() < 5
    found = cell_response(frame, rows, strata, fewer)
    assert (found.groups, found.joined) == (2, 1)
    together = (fewer.weight > 0)[size >= 1].sum() / 28
    np.testing.assert_allclose(found.chance[size >= 1], together, rtol=1e-12)
    assert propensity(frame, rows, strata, fewer, by="cells").notes == (Notice("W320", {"count": 1}),)


def test_chances_are_raised_to_a_fifth_of_their_mean(two_cells):
    frame, rows, strata, _, size = two_cells
    # all 72 small ones are in, and 8 of the 640 of middle size: 8 / 640 against 80 / 712 / 5
    many = np.concatenate([np.repeat(rows[size == 0], 6), np.repeat(rows[size == 1], 40)])
    inside = np.arange(712) < 80
    wide = Structure(inside * 1.0, np.zeros(712, np.intp), np.array([712.0]), probability=np.full(712, 0.1))
    found = cell_response(frame, many, strata, wide)
    assert found.trimmed == 8
    np.testing.assert_allclose(found.chance, np.where(np.arange(712) < 72, 1.0, 80 / 712 / 5), rtol=1e-12)


def test_chances_equal_statsmodels(biased):
    nights = [biased.night(0.5, seed) for seed in range(6)]
    rows, many, singles = structure_of(biased, nights)
    found = logistic_response(biased.frame, rows, biased.strata, many)
    assert found.names == ("registered", "baseline_1")
    log_roll = np.log(biased.frame.registered)
    columns = [log_roll, biased.frame.table["baseline_1"].to_numpy()]
    z = np.stack([np.clip((c - c.mean()) / c.std(), -3, 3) for c in columns], axis=-1)
    for r, single in enumerate(singles):
        inside = single.weight > 0
        one = logistic_response(biased.frame, rows[r], biased.strata, single)
        np.testing.assert_allclose(found.chance[r], one.chance, rtol=1e-8)
        codes = biased.strata.codes[rows[r]]
        counts = np.bincount(codes, inside, 8), np.bincount(codes, ~inside, 8)
        if min(map(np.min, counts)) >= 5:  # every district has an effect of its own
            design = np.column_stack([codes[:, None] == np.arange(8), z[rows[r]]]).astype(np.float64)
            fit = GLM(inside.astype(np.float64), design, family=Binomial()).fit(tol=1e-12)
            np.testing.assert_allclose(one.chance, np.maximum(fit.fittedvalues, 0.2 * 0.5), rtol=1e-6)
    assert (found.groups >= 2).all()


def test_newton_by_hand():
    # two groups, 3 of 4 and 1 of 5 in: the chances are the parts
    design = np.repeat(np.eye(2), [4, 5], axis=0)[None]
    inside = np.array([[1, 1, 1, 0, 1, 0, 0, 0, 0]], dtype=np.bool_)
    logits, good = fit_logistic(design, inside, np.ones((1, 9), np.bool_))
    np.testing.assert_allclose(1 / (1 + np.exp(-logits[0])), [0.75] * 4 + [0.2] * 5, rtol=1e-12)
    assert good.tolist() == [True]
    there = np.array([[1, 1, 1, 1, 1, 0, 0, 0, 1]], dtype=np.bool_)
    np.testing.assert_allclose(fit_logistic(design, inside, there)[0][0, 4:5], [0], atol=1e-12)  # 1 of 2


def test_few_returns_have_few_covariates(biased):
    sample, seen = biased.night(0.5)
    early = seen & (np.cumsum(seen) <= 12)
    found = logistic_response(biased.frame, sample.rows, biased.strata, weight_responding(sample, early).structure)
    assert found.names == ("registered",)  # 12 / 5 - 1
    first = seen & (np.cumsum(seen) <= 4)
    found = logistic_response(biased.frame, sample.rows, biased.strata, weight_responding(sample, first).structure)
    assert (found.names, found.groups) == ((), 1)
    np.testing.assert_allclose(found.chance, 4 / 160, rtol=1e-9)


def test_a_strict_order_by_size_has_no_chances(biased):
    sample, _ = biased.night(1.0)
    roll = biased.frame.registered[sample.rows]
    seen = roll < np.median(roll)
    design = weight_responding(sample, seen).structure
    with pytest.raises(SeparationError, match="a covariate tells exactly the stations that are in: no chance of arri"):
        propensity(biased.frame, sample.rows, biased.strata, design)
    nights = [biased.night(0.5), (sample, seen)]
    rows, many, _ = structure_of(biased, nights)
    with pytest.raises(SeparationError, match="who is in in 1 replicates") as error:
        propensity(biased.frame, rows, biased.strata, many)
    assert error.value.replicates.tolist() == [False, True]


def test_control_totals_of_the_table_take_the_place_of_strata(biased):
    sample, seen = biased.night(0.5)
    table = EstimateTable(auxiliaries=("registered", "baseline"))
    found = propensity(biased.frame, sample.rows, biased.strata, weight_responding(sample, seen).structure, table)
    assert (found.name, found.controls) == ("propensity", ("registered", "baseline"))
    roll = biased.frame.registered
    assert found.weight @ roll[sample.rows] == pytest.approx(roll.sum(), rel=1e-9)


def test_places_that_a_smaller_sample_leaves_empty_count_for_nothing(biased):
    sample, seen = biased.night(0.5)
    design = weight_responding(sample, seen).structure
    longer = replace(
        design,
        weight=np.append(design.weight, np.zeros(20)),
        stratum=np.append(design.stratum, np.zeros(20, np.intp)),
        probability=np.append(design.probability, np.ones(20)),
        order=np.arange(180),
    )
    drawn = np.arange(180) < 160
    rows = np.append(sample.rows, np.full(20, sample.rows[0]))
    for by in ("logistic", "cells"):
        one = propensity(biased.frame, sample.rows, biased.strata, design, by=by)
        found = propensity(biased.frame, rows, biased.strata, longer, by=by, drawn=drawn)
        np.testing.assert_allclose(found.weight[:160], one.weight, rtol=1e-9)


def test_an_unknown_model_is_named(biased):
    sample, seen = biased.night(0.5)
    with pytest.raises(EstimateError, match="response by 'tree' is unknown: known are logistic, cells"):
        propensity(biased.frame, sample.rows, biased.strata, weight_responding(sample, seen).structure, by="tree")


def test_distances_lead_from_the_middle_of_the_regency(biased):
    assert distances(biased.frame) is None
    n = len(biased.frame)
    table = biased.frame.table
    degrees = replace(biased.frame, table=table.assign(lat=1.0 + (np.arange(n) % 3) / 10, lon=110.0, registered=1.0))
    # a third each at 1.0, 1.1 and 1.2 degrees: the middle is 1.1, and 0.1 degrees are 11.1 km
    np.testing.assert_allclose(distances(degrees), np.array([11.1195, 0, 11.1195])[np.arange(n) % 3], atol=1e-6)
    column = replace(biased.frame, table=table.assign(distance=np.arange(n)))
    assert distances(column)[:3].tolist() == [0, 1, 2]
