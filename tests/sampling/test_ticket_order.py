"""The draw by SHA-256: another program gets the same tickets, and the draw is a fair one."""

import hashlib
import itertools
import shutil
import subprocess

import numpy as np
import pytest

from estimation.errors import DesignError
from estimation.sampling import ticket_order
from estimation.sampling.ticket_order import sha256_order, smallest, tickets

BY_HAND = "56b02b6f8b03abe88e7d26099c87ee5229872fb1a01b6141a318ed870e8700bb"  # printf '%s' '4-1-6-2,0001' | sha256sum


def hexadecimal(numbers):
    """Write tickets as ``sha256sum`` does."""
    return [row.tobytes().hex() for row in numbers.astype(">u8")]


def test_one_ticket_by_hand():
    assert hexadecimal(tickets("4-1-6-2", ["0001"])) == [BY_HAND]
    assert tickets("4-1-6-2", ["0001"])[0, 0] == int(BY_HAND[:16], 16)
    assert BY_HAND in (ticket_order.__doc__ or "")


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is not here")
def test_sha256sum_agrees():
    run = subprocess.run(["sha256sum"], input="dadu 4, 1, 6,Désa 01".encode(), capture_output=True, check=True)
    assert hexadecimal(tickets("dadu 4, 1, 6", ["Désa 01"])) == [run.stdout.decode().split()[0]]


@pytest.mark.parametrize(
    ("seed", "items", "expected"),
    [
        ("0", 1000, [905, 573, 160]),
        ("0", 2, [1, 1, 2]),
        ("1", 1000, [97, 89, 163]),
        ("0000000000", 1000, [978, 359, 132]),
        ("999999999999999999999999", 1000, [544, 800, 654]),
        ("abcde", 1000, [247, 427, 157]),
    ],
)
def test_published_vectors_of_rivest_s_sampler(seed, items, expected):
    """Rivest's item k is 1 + SHA-256(seed,k) mod N (github.com/cjerdonek/rivest-sampler-tests, tests.json)."""
    texts = hexadecimal(tickets(seed, ["1", "2", "3"]))
    assert [int(text, 16) % items + 1 for text in texts] == expected


def test_a_count_is_hashed_behind_a_second_comma():
    assert hexadecimal(tickets("7", ["a"], count=2)) == [hashlib.sha256(b"7,a,2").hexdigest()]


def test_a_number_is_the_same_seed_as_its_text():
    assert np.array_equal(tickets(7, ["a"]), tickets("7", ["a"]))


def test_a_stratified_draw_with_hashlib_alone():
    ids = [f"{i:04d}" for i in range(60)]
    stratum = np.array([i % 3 for i in range(60)])
    expected = []
    for h, take in enumerate([4, 0, 20]):
        ranked = sorted(ids[h::3], key=lambda code: hashlib.sha256(f"dice 4162,{code}".encode()).hexdigest())
        expected += [ids.index(code) for code in ranked[:take]]
    assert sha256_order(ids, stratum, np.array([4, 0, 20]), "dice 4162").tolist() == expected


def test_ties_in_the_first_words_are_broken_by_the_last():
    numbers = np.array([[1, 2, 3, 9], [1, 2, 3, 8], [1, 2, 2, 9], [0, 9, 9, 9]], dtype=np.uint64)
    assert smallest(numbers, np.zeros(4, dtype=np.intp), np.array([4])).tolist() == [3, 2, 1, 0]


def test_the_highest_bit_counts_as_the_highest():
    numbers = np.array([[2**63, 0, 0, 0], [1, 0, 0, 0]], dtype=np.uint64)
    assert smallest(numbers, np.zeros(2, dtype=np.intp), np.array([1])).tolist() == [1]


def test_a_station_s_ticket_depends_on_no_other_station():
    ids = [f"{i}" for i in range(30)]
    one = np.zeros(30, dtype=np.intp)
    drawn = [ids[i] for i in sha256_order(ids, one, np.array([10]), "s")]
    without = [code for code in ids if code != drawn[0]]
    again = [without[i] for i in sha256_order(without, one[1:], np.array([9]), "s")]
    assert again == drawn[1:]


def test_every_pair_is_drawn_equally_often():
    """2 of 5, 4,000 seeds: chi-square over the 10 pairs with 9 degrees of freedom, 99.9 % point 27.88."""
    ids, one = ["01", "02", "03", "04", "05"], np.zeros(5, dtype=np.intp)
    pairs = dict.fromkeys(itertools.combinations(range(5), 2), 0)
    for seed in range(4000):
        first, second = sorted(sha256_order(ids, one, np.array([2]), seed).tolist())
        pairs[first, second] += 1
    assert sum((count - 400) ** 2 / 400 for count in pairs.values()) < 27.88


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tickets("", ["1"]), "the seed is empty: give the public random number"),
        (lambda: tickets("1", ["7", "8", "7"]), "station '7' stands in the frame twice"),
        (lambda: tickets("1", [7, 8]), "tps_id 7 is no text"),
        (
            lambda: smallest(tickets("1", ["a", "b"]), np.array([0, 1]), np.array([1, 2])),
            "stratum 1 has 1 stations and 2 are to be drawn",
        ),
        (
            lambda: smallest(tickets("1", ["a", "b"]), np.array([0, 1]), np.array([1])),
            "stratum 1 has 1 stations and no number of are to be drawn",
        ),
    ],
)
def test_what_can_t_be_drawn(call, message):
    with pytest.raises(DesignError, match=message):
        call()
