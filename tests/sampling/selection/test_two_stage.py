"""Villages, then stations: probabilities, pairs, small villages, errors."""

import numpy as np
import pytest

from estimation.errors import DesignError
from estimation.sampling.selection import systematic_joint, two_stage, two_stage_joint

CLUSTER = np.array([2, 0, 1, 1, 2, 3, 3, 3, 3, 1, 0, 2, 2, 3, 0, 1, 4])  # N_c = 3, 4, 4, 5, 1
REPLICATES = 20_000


@pytest.mark.parametrize("method", ["systematic", "sampford"])
@pytest.mark.parametrize("size", [None, [40, 10, 20, 30, 15]])
def test_single_and_pair_frequencies(method, size, judge):
    sample = two_stage(CLUSTER, 2, 2, np.random.default_rng(3), size=size, method=method, replicates=REPLICATES)
    joint = two_stage_joint(CLUSTER, 2, 2, size=size, method=method)
    inside = np.zeros((REPLICATES, len(CLUSTER)))
    for place in range(sample.rows.shape[1]):
        row = sample.rows[:, place]
        inside[np.flatnonzero(row >= 0), row[row >= 0]] += 1
    assert inside.max() == 1
    error = np.sqrt(joint * (1 - joint) / REPLICATES)
    gap = np.abs(inside.T @ inside / REPLICATES - joint)
    assert np.all(gap <= 4.5 * error + 1e-12)  # 153 pairs and singles: p > 0.001 after Bonferroni
    found = sample.rows >= 0
    assert sample.probability[found] == pytest.approx(np.diag(joint)[sample.rows[found]])


def test_equal_probabilities_when_size_is_the_number_of_stations():
    cluster = np.repeat(np.arange(6), [4, 5, 6, 7, 8, 10])
    sample = two_stage(cluster, 3, 4, np.random.default_rng(1), replicates=50)
    assert sample.rows.shape == (50, 12)
    assert sample.probability == pytest.approx(12 / 40)
    assert sample.psu_probability == pytest.approx(3 * np.bincount(cluster)[cluster[sample.rows]] / 40)
    assert np.all(np.diff(np.sort(sample.rows, axis=1), axis=1) > 0)
    assert all(len(set(row)) == 3 for row in cluster[sample.rows].tolist())


def test_a_small_cluster_is_taken_whole_and_the_rest_is_marked():
    # 4 is a cluster of one station
    sample = two_stage(CLUSTER, 4, 3, np.random.default_rng(2), size=[1, 1, 1, 1, 1], replicates=200)
    short = (CLUSTER[sample.rows] == 4).any(axis=1) & (sample.rows >= 0).all(axis=1)
    assert not short.any()
    assert np.array_equal(sample.rows < 0, np.isnan(sample.probability))
    assert np.array_equal(sample.rows < 0, np.isnan(sample.psu_probability))
    assert set((sample.rows >= 0).sum(axis=1)) == {10, 12}
    one = two_stage(CLUSTER, 5, 3, np.random.default_rng(2))
    assert one.rows.shape == (13,)
    assert np.all(one.psu_probability == 1)


def test_every_sample_inside_a_cluster_is_equally_likely():
    sample = two_stage(np.zeros(6, dtype=int), 1, 3, np.random.default_rng(5), replicates=REPLICATES)
    _, counts = np.unique(np.sort(sample.rows, axis=1), axis=0, return_counts=True)
    assert len(counts) == 20
    expected = REPLICATES / 20
    assert ((counts - expected) ** 2 / expected).sum() < 43.8  # chi-square, 19 degrees of freedom, p = 0.001


def test_pairs_by_hand():
    # clusters of 3, 4, 4, 5, 1: two of them by size, π = 6, 8, 8, 10, 2 of 17; stations 5 and 6 are in cluster 3
    joint = two_stage_joint(CLUSTER, 2, 2, [5, 6, 1])
    first = systematic_joint(np.array([6, 8, 8, 10, 2]) / 17)
    assert joint[0, 1] == pytest.approx(10 / 17 * 2 / 20)
    assert joint[0, 0] == pytest.approx(10 / 17 * 2 / 5)
    assert joint[0, 2] == pytest.approx(first[3, 0] * 2 / 5 * 2 / 3)
    assert np.array_equal(joint, joint.T)


@pytest.mark.parametrize(
    ("cluster", "options", "text"),
    [
        (CLUSTER, {"clusters": 6}, "6 clusters of 5 can't be drawn: draw 1 … 5"),
        (CLUSTER, {"stations": 0}, "0 stations are to be drawn in each cluster: draw at least 1"),
        (CLUSTER * 2, {}, "cluster 1 has no station: number the clusters without gaps"),
        (CLUSTER - 1, {}, "cluster codes must be 0 … C - 1"),
        (CLUSTER, {"size": [1, 2]}, "2 sizes for 5 clusters: give one for each"),
        (
            CLUSTER,
            {"method": "pivotal"},
            "method 'pivotal' of the first stage is unknown: known are systematic, sampford",
        ),
    ],
)
def test_impossible_requests_are_refused(cluster, options, text):
    arguments = {"clusters": 2, "stations": 2, **options}
    with pytest.raises(DesignError, match=text):
        two_stage(cluster, rng=np.random.default_rng(1), **arguments)
