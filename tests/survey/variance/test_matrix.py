"""The matrix of designs and variances against R survey 4.1-1 (tests/reference): every block, every number.

Tolerance: 1e-9 relative, entry by entry. Both sides compute closed formulas in double precision; sums of 120 terms lose
at most three digits of sixteen, and a covariance is the difference of terms that are ten times larger. What is zero but
for rounding (the Yates–Grundy variance of `registered`, to which the sample is proportional; a domain of one station)
may differ by 1e-12 of the squared estimate, and any covariance by 1e-15 of it: the form of Horvitz and Thompson
subtracts sums that are a million times larger. Degrees of freedom are equal; `ci95_z` is
Student's interval with infinitely many.
"""

import json
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimation.errors import EstimateError
from estimation.survey import Structure, ratio, t_interval
from estimation.survey.effects import deff_stations
from estimation.survey.variance import (
    brewer,
    hartley_rao,
    horvitz_thompson,
    overton,
    stratified,
    two_stage,
    ultimate_cluster,
    with_replacement,
    yates_grundy,
)

REFERENCE = Path(__file__).parents[2] / "reference"
RELATIVE = 1e-9
TOTALS = ["votes_1", "votes_2", "votes_3", "valid", "invalid", "ballots", "registered"]
SHARES = TOTALS[:3]
RATIOS = {"shares": (SHARES, "valid"), "turnout": (["ballots"], "registered"), "invalid_rate": (["invalid"], "ballots")}
PARTS = ["totals", *RATIOS, "margin", "sizes"]


@cache
def expected(name):
    return json.loads((REFERENCE / f"expected_{name}.json").read_text(encoding="utf-8"))


@cache
def sample(name):
    return pd.read_csv(REFERENCE / f"sample_{name}.csv")


def numbers(table, column):
    return np.nan_to_num(table[column].to_numpy(dtype=np.float64))


def by_column(name, column, size, *, weight="weight", endless=False):
    """Strata by a column of the file, with one size each."""
    table = sample(name)
    codes, labels = pd.factorize(table[column], sort=True)
    sizes = table.groupby(column)[size].first().loc[labels].to_numpy(dtype=np.float64)
    sizes = np.full(len(sizes), np.inf) if endless else sizes
    return Structure(numbers(table, weight), codes.astype(np.intp), sizes)


def simple(name, size):
    return Structure(numbers(sample(name), "weight"), np.zeros(len(sample(name)), dtype=np.intp), np.array([size]))


def pairs(size):
    codes = sample("sys100")["pair"].str[1:].astype(int).to_numpy(dtype=np.intp) - 1
    return Structure(numbers(sample("sys100"), "weight"), codes, np.full(50, size / 50))


def stages():
    table = sample("twostage")
    codes, _ = pd.factorize(table["village"], sort=True)
    size = table.groupby("village")["fpc2"].first().to_numpy(dtype=np.float64)
    more = {"cluster": codes.astype(np.intp), "cluster_size": size, "cluster_probability": np.full(30, 30 / 136)}
    return replace(simple("twostage", 1008.0), method="two-stage", **more)


@cache
def by_size(joint=None):
    """The Sampford sample, with exact joint probabilities or an approximation of them."""
    table = sample("pps40")
    pi = numbers(table, "prob")
    if joint is None:
        every = pd.read_csv(REFERENCE / "pps_joint200.csv", index_col="tps_id")
        matrix = every.loc[table["tps_id"], table["tps_id"]].to_numpy(dtype=np.float64)
    else:
        both = np.add.outer(pi, pi)
        middle = both / 2 if joint == "overton" else both - HARTLEY_RAO[joint]
        matrix = np.multiply.outer(pi, pi) * 39 / (40 - middle)
        np.fill_diagonal(matrix, pi)
    return replace(simple("pps40", 200.0), method="sampford", probability=pi, joint=matrix)


POPULATION = float((pd.read_csv(REFERENCE / "pps_frame200.csv")["prob"] ** 2).sum() / 40)
HARTLEY_RAO = {"sample": float(sample("pps40")["prob"].mean()), "population": POPULATION}
DOMAIN = by_column("stratmiss", "stratum", "fpc"), by_column("stratmiss", "stratum", "fpc", endless=True)
HEARD = replace(DOMAIN[0], weight=numbers(sample("stratmiss"), "weight_resp"))
LONELY = by_column("lonely", "stratum", "fpc"), by_column("lonely", "stratum", "fpc", endless=True)
SINGLES = {"remove": "certainty", "certainty": "certainty", "adjust": "centred", "average": "average"}

# (file, block): structure and variance
CASES = {
    ("srs60", "fpc"): (simple("srs60", 1008.0), stratified),
    ("srs60", "nofpc"): (simple("srs60", np.inf), stratified),
    ("strat120", "fpc"): (by_column("strat120", "stratum", "fpc"), stratified),
    ("strat120", "nofpc"): (by_column("strat120", "stratum", "fpc", endless=True), stratified),
    ("sys100", "as_srs_fpc"): (simple("sys100", 1008.0), stratified),
    ("sys100", "as_srs_nofpc"): (simple("sys100", np.inf), stratified),
    ("sys100", "pairs_fpc"): (pairs(1008.0), stratified),
    ("sys100", "pairs_nofpc"): (pairs(np.inf), stratified),
    ("twostage", "fpc"): (stages(), two_stage),
    ("twostage", "fpc_stage1_only"): (stages(), partial(ultimate_cluster, correction=True)),
    ("twostage", "nofpc"): (stages(), ultimate_cluster),
    ("stratmiss", "domain_fpc"): (DOMAIN[0], stratified),
    ("stratmiss", "domain_nofpc"): (DOMAIN[1], stratified),
    ("stratmiss", "reweighted_fpc"): (HEARD, stratified),
    ("stratmiss", "reweighted_nofpc"): (replace(HEARD, size=DOMAIN[1].size), stratified),
    ("pps40", "with_replacement"): (by_size(), with_replacement),
    ("pps40", "brewer"): (by_size(), brewer),
    ("pps40", "ht_joint"): (by_size(), horvitz_thompson),
    ("pps40", "yg_joint"): (by_size(), yates_grundy),
    ("pps40", "hartley_rao_yg"): (by_size(), hartley_rao),
    ("pps40", "hartley_rao_popsum_yg"): (by_size(), partial(hartley_rao, mean_square=POPULATION)),
    ("pps40", "overton_yg"): (by_size(), overton),
    ("pps40", "hartley_rao_ht"): (by_size("sample"), horvitz_thompson),
    ("pps40", "hartley_rao_popsum_ht"): (by_size("population"), horvitz_thompson),
    ("pps40", "overton_ht"): (by_size("overton"), horvitz_thompson),
}
for rule, single in SINGLES.items():
    for block, design in zip(("fpc", "nofpc"), LONELY, strict=True):
        CASES["lonely", f"{rule}.{block}"] = design, partial(stratified, single=single)


def block_of(file, block):
    found = expected(file)
    for key in block.split("."):
        found = found[key]
    return found


def estimated(file, design, name, covariance, inside=None):
    """Estimate, covariance: of totals and ratios, in the whole or a domain."""
    table = sample(file)
    use = np.ones(len(table)) if inside is None else inside.astype(np.float64)
    if name == "totals":
        values = numbers(table, TOTALS) * use[:, None]
        if file == "stratmiss":
            values *= numbers(table, "reported")[:, None]  # those that have not reported are outside
        expanded = design.weight[:, None] * values
        return expanded.sum(axis=0), covariance(expanded, design)
    top, bottom = RATIOS[name]
    known = use * numbers(table, "reported") if file == "stratmiss" else use
    linear = ratio(numbers(table, top) * known[:, None], numbers(table, bottom) * known, design.weight)
    return linear.theta, covariance(linear.expanded, design)


def close(found, want, scale=0.0):
    """Compare with R; what R leaves as rounding may be any rounding, and what does not exist is not compared."""
    found, want = np.asarray(found), np.array(want, dtype=np.float64)
    scale = np.broadcast_to(scale, want.shape)
    zero, there = np.abs(want) <= scale, ~np.isnan(want)
    use = there & ~zero
    assert np.all(np.abs(found - want)[use] <= RELATIVE * np.abs(want)[use] + 1e-3 * scale[use])
    assert np.all(np.abs(found[zero]) <= scale[zero])


def part_of(file, block, name, df):
    design, covariance = CASES[file, block]
    want = block_of(file, block)[name]
    theta, cov = estimated(file, design, name, covariance)
    variance, scale = np.diagonal(cov), 1e-12 * np.abs(np.outer(theta, theta))
    close(theta, want["est"])
    close(cov, want["vcov"], scale)
    there = variance > np.diagonal(scale)
    close(np.sqrt(variance[there]), np.array(want["se"], dtype=np.float64)[there])
    for key, degrees, level in (("ci95_t", df, 0.95), ("ci90_t", df, 0.90), ("ci95_z", np.inf, 0.95)):
        if key in want:
            bounds = t_interval(theta, np.maximum(variance, 0), np.asarray(degrees), level)
            close(np.stack([bounds.low, bounds.high], axis=-1)[there], np.array(want[key], dtype=np.float64)[there])


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(("file", "block"), list(CASES), ids=[f"{file}-{block}" for file, block in CASES])
def test_every_number_of_a_block_equals_r(file, block, part):
    design, covariance = CASES[file, block]
    want = block_of(file, block)
    if part == "sizes":
        heard = numbers(sample(file), "reported") if file == "stratmiss" else np.ones(len(sample(file)))
        seen = replace(design, weight=design.weight * heard)
        assert (int(seen.inside.sum()), float(seen.df())) == (want["n"], want["df"])
        close(seen.weight.sum(), want["sum_weights"])
    elif part == "margin":
        theta, cov = estimated(file, design, "shares", covariance)
        lead = np.array([1.0, -1.0, 0.0])
        found = lead @ theta, lead @ cov @ lead
        close(found, [want["margin"]["est"], want["margin"]["var"]])
        close(np.sqrt(found[1]), want["margin"]["se"])
        for key, degrees in (("ci95_t", float(want["df"])), ("ci95_z", np.inf)):
            bounds = t_interval(np.array([found[0]]), np.array([found[1]]), np.asarray(degrees), 0.95)
            close(np.concatenate([bounds.low, bounds.high]), want["margin"][key])
    else:
        part_of(file, block, part, np.asarray(float(want["df"])))


DOMAINS = [(file, block) for file, block in CASES if "by_district" in block_of(file, block)]


@pytest.mark.parametrize(("file", "block"), DOMAINS, ids=[f"{file}-{block}" for file, block in DOMAINS])
def test_every_district_equals_r(file, block):
    design, covariance = CASES[file, block]
    rows = block_of(file, block)["by_district"]
    assert len(rows) >= 5
    for row in rows:
        inside = (sample(file)["district"] == row["district"]).to_numpy()
        seen = replace(design, weight=design.weight * inside)
        assert (int(seen.inside.sum()), float(seen.df())) == (row["n"], row["df"])
        lead = np.array([1.0, -1.0, 0.0])
        share, cov = estimated(file, design, "shares", covariance, inside)
        size = np.abs(np.outer(share, share)) * 1e-12
        close(share, row["shares"])
        close(cov, row["shares_vcov"], size)
        if np.all(np.diagonal(cov) > np.diagonal(size)):  # not so in one station, or one whole village
            close(np.sqrt(np.diagonal(cov)), row["shares_se"])
            close([lead @ share, np.sqrt(lead @ cov @ lead)], [row["margin"], row["margin_se"]])
            turnout, square = estimated(file, design, "turnout", covariance, inside)
            close([turnout[0], np.sqrt(square[0, 0])], [row["turnout"], row["turnout_se"]])
        total, square = estimated(file, design, "totals", covariance, inside)
        for name in ("votes_1", "valid"):
            j = TOTALS.index(name)
            want = [row[f"total_{name}"], row[f"total_{name}_se"]]
            close([total[j], np.sqrt(square[j, j])], want)


@pytest.mark.parametrize(("key", "endless"), [("shares", False), ("shares_replace", True)])
@pytest.mark.parametrize(("file", "block"), [("srs60", "fpc"), ("strat120", "fpc"), ("twostage", "fpc")])
def test_design_effects_equal_r(file, block, key, endless):
    design, covariance = CASES[file, block]
    theta, cov = estimated(file, design, "shares", covariance)
    table = sample(file)
    size = design.size if file != "twostage" else np.array([design.weight.sum()])  # R takes Σ w for N, we the frame's
    against = replace(design, size=np.full(design.strata, np.inf) if endless else size)
    found = deff_stations(np.diagonal(cov), numbers(table, SHARES), numbers(table, "valid"), theta, against)
    close(found, expected(file)["deff_fpc"][key])


@pytest.mark.parametrize("design", LONELY, ids=["fpc", "nofpc"])
def test_where_r_fails_the_stratum_is_named(design):
    assert expected("lonely")["fail"]["raises"] is True
    number = sorted(sample("lonely")["stratum"].unique()).index(expected("lonely")["lonely_stratum"])
    with pytest.raises(EstimateError, match=f"stratum {number} has 1 station in, and a variance needs 2: collapse it"):
        estimated("lonely", design, "shares", stratified)
