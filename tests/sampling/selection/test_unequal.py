"""Inclusion probabilities, Sampford and maximum entropy: against R, against enumeration, at the edges."""

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimation.errors import DesignError
from estimation.sampling.selection import (
    inclusion_probabilities,
    kernels,
    max_entropy,
    max_entropy_joint,
    sampford,
    sampford_joint,
    unequal,
)

FOLDER = Path(__file__).parents[2] / "reference"
REFERENCE = json.loads((FOLDER / "expected_selection.json").read_text())
JOINT = {"sampford": sampford_joint, "maxentropy": max_entropy_joint}


@pytest.mark.parametrize("case", REFERENCE["inclusionprobabilities"])
def test_inclusion_probabilities_agree_with_the_reference(case):
    known = REFERENCE["inclusionprobabilities"][case]
    assert inclusion_probabilities(known["size"], known["n"]) == pytest.approx(np.array(known["pik"]), abs=1e-12)


def test_inclusion_probabilities_by_hand():
    # 100 is certain at once, then 30 of 60 with 2 to draw, then 20 and 10 share one
    assert inclusion_probabilities([100, 30, 20, 10, 0], 3).tolist() == pytest.approx([1, 1, 2 / 3, 1 / 3, 0])


@pytest.mark.parametrize(
    ("size", "n", "text"),
    [
        ([3, -1, 2], 1, r"size of row 1 is -1: sizes must be 0 or positive; 1 of 3 are not"),
        ([3, np.nan, np.inf], 1, r"size of row 1 is nan.*2 of 3 are not"),
        ([0, 0], 1, "all sizes are 0: give sizes such as registered"),
        ([3, 0, 2], 3, "n = 3, but 2 of 3 rows have a positive size: n must lie in 1 … 2"),
        ([3, 0, 2], 0, "n must lie in 1 … 2"),
    ],
)
def test_sizes_that_cannot_be_used_are_refused(size, n, text):
    with pytest.raises(DesignError, match=text):
        inclusion_probabilities(size, n)


@pytest.mark.parametrize("design", JOINT)
@pytest.mark.parametrize("case", ["pi6", "pi12"])
def test_joint_probabilities_agree_with_the_reference(case, design):
    found = JOINT[design](np.array(REFERENCE[case]["pik"]))
    assert found == pytest.approx(np.array(REFERENCE[case]["exact"][design]), abs=1e-9)


def test_near_ties_do_no_harm():
    known = REFERENCE["maxentropy_near_tie"]
    assert max_entropy_joint(known["pik"]) == pytest.approx(np.array(known["exact"]), abs=1e-9)


def test_certain_stations_are_beside_the_others():
    known = REFERENCE["with_certainties"]
    assert max_entropy_joint(known["pik"]) == pytest.approx(np.array(known["package"]["maxentropy"]), abs=1e-5)
    probability = np.array(known["pik"])
    inner = np.flatnonzero(probability < 1)
    for joint in JOINT.values():
        table = joint(probability)
        assert table[0, 3] == 1
        assert np.array_equal(table[0], probability)
        assert table[np.ix_(inner, inner)] == pytest.approx(joint(probability[inner]), abs=1e-15)


def test_the_joint_probabilities_of_200_stations_agree_with_r():
    frame = pd.read_csv(FOLDER / "pps_frame200.csv")
    known = pd.read_csv(FOLDER / "pps_joint200.csv", index_col=0).to_numpy()
    probability = inclusion_probabilities(frame["registered"], 40)
    assert probability == pytest.approx(frame["prob"].to_numpy(), abs=1e-15)
    assert sampford_joint(probability) == pytest.approx(known, rel=1e-9)


def enumerate_joint(weight_of, size, n):
    joint, total = np.zeros((size, size)), 0.0
    for sample in itertools.combinations(range(size), n):
        weight = weight_of(np.array(sample))
        joint[np.ix_(sample, sample)] += weight
        total += weight
    return joint / total


@pytest.mark.parametrize("n", [1, 2, 5, 7])
def test_sampford_by_enumeration_near_the_edges(n):
    probability = inclusion_probabilities([0.001, 1, 1, 1.0000000001, 2, 3, 3, 6], n)
    odds = probability / (1 - np.where(probability == 1, 0.5, probability))
    open_ = np.flatnonzero(probability < 1)
    inner, left = odds[open_], n - int((probability == 1).sum())
    known = enumerate_joint(lambda s: np.prod(inner[s]) * np.sum(1 - probability[open_][s]), len(open_), left)
    assert sampford_joint(probability)[np.ix_(open_, open_)] == pytest.approx(known, abs=1e-13)


@pytest.mark.parametrize("n", [1, 3, 6])
def test_maximum_entropy_by_enumeration(n):
    probability = inclusion_probabilities([0.01, 1, 1, 1.0000000001, 2, 3, 3, 4.5], n)
    open_ = np.flatnonzero(probability < 1)
    left = n - int((probability == 1).sum())
    working = unequal.working_probabilities(probability[open_])
    odds = working / (1 - working)
    known = enumerate_joint(lambda s: np.prod(odds[s]), len(open_), left)
    assert np.diag(known) == pytest.approx(probability[open_], abs=1e-11)
    assert max_entropy_joint(probability)[np.ix_(open_, open_)] == pytest.approx(known, abs=1e-11)


@pytest.mark.parametrize("joint", JOINT.values(), ids=JOINT.keys())
@pytest.mark.parametrize(("size", "n"), [(1030, 60), (1030, 500), (300, 299), (300, 2)])
def test_rows_sum_to_n_times_the_single_probability(joint, size, n):
    probability = inclusion_probabilities(np.random.default_rng(3).integers(100, 600, size), n)
    table = joint(probability)
    assert table.sum(axis=1) == pytest.approx(n * probability, rel=1e-9)
    assert np.all(table <= np.minimum.outer(probability, probability) + 1e-12)
    off = ~np.eye(size, dtype=bool)
    assert np.all(table[off] <= np.outer(probability, probability)[off] + 1e-12)  # Yates–Grundy is not negative


def test_weights_of_many_stations_are_solved():
    probability = inclusion_probabilities(np.random.default_rng(3).integers(100, 600, 20_000), 300)
    working = unequal.working_probabilities(probability)
    assert working.sum() == pytest.approx(300, abs=1e-6)
    assert np.abs(unequal.frequency.conditional_single(working, 300) - probability).max() <= 1e-12


def test_probabilities_very_near_to_zero_and_one_are_solved_too():
    probability = np.array([1 - 2e-9, 1e-9, 1e-9, 0.5, 0.5])
    drawn = max_entropy(probability, np.random.default_rng(1), 200)
    assert np.all((drawn == 0).any(axis=1))


def poisson_twin(probability, size, without, rng):
    sample, top, k = [], max(probability), -1
    while True:
        step = math.log(1 - rng.random()) / math.log1p(-top)
        if step >= len(probability) - 1 - k:
            return sample if len(sample) == size else None
        k += 1 + int(step)
        if rng.random() * top < probability[k] and k != without:
            if len(sample) == size:
                return None
            sample.append(k)


def max_entropy_twin(probability, n, rng):
    while (sample := poisson_twin(probability, n, -1, rng)) is None:
        pass
    return sample


def sampford_twin(probability, n, rng):
    cumulated = np.cumsum(probability * (1 - probability))
    while True:
        marked = int(np.searchsorted(cumulated, rng.random() * cumulated[-1], side="right"))
        sample = poisson_twin(probability, n - 1, marked, rng)
        if sample is not None:
            return [*sample, marked]


@pytest.mark.parametrize(
    ("kernel", "twin"),
    [(kernels.sampford_kernel, sampford_twin), (kernels.max_entropy_kernel, max_entropy_twin)],
    ids=["sampford", "max_entropy"],
)
def test_the_kernels_equal_their_twins(kernel, twin):
    probability = np.array([0.2, 0.7, 0.8, 0.5, 0.4, 0.4])
    out = np.zeros((50, 3), dtype=np.intp)
    kernel(probability, np.random.default_rng(4), out)
    rng = np.random.default_rng(4)
    assert out.tolist() == [twin(probability, 3, rng) for _ in range(50)]


@pytest.mark.parametrize(
    ("draw", "joint"), [(sampford, sampford_joint), (max_entropy, max_entropy_joint)], ids=["sampford", "max_entropy"]
)
@pytest.mark.parametrize("case", [([6, 8, 8, 10, 2], 2), ([1, 2, 4, 8], 2), ([1, 5, 5, 6, 6], 4), ([1, 2, 3], 1)])
def test_pair_frequencies_of_very_small_frames(draw, joint, case, judge):
    # where designs that are nearly the right one differ most from it
    probability = inclusion_probabilities(*case)
    rows = draw(probability, np.random.default_rng(1), 20_000)
    singles, pairs = judge.joint(rows, joint(probability))
    assert singles > 0.001  # chi-square with the exact covariance
    assert pairs > 0.001  # Bonferroni


def test_sampford_with_a_large_n_ends():
    drawn = sampford(np.full(2000, 0.5), np.random.default_rng(1), 20)
    assert drawn.shape == (20, 1000)
