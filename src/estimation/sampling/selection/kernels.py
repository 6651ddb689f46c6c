"""Compiled loops of the draws along a list; import only inside the functions that use them.

The matrices of the ``joint`` functions need none of this. Every kernel has a plain twin in the tests
(``tests/sampling/selection``) that it must equal on the same random stream.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numpy as np
from numba import njit  # type: ignore[import-untyped,unused-ignore]

from estimation.survey.structure import Array, IntArray

SURE = 1 - 1e-9  # from here on a station is in
SNAP = 1e-11  # a probability this near to 0 or 1 is decided

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile a function when it is first called, and keep the machine code beside the file."""
    return cast("Function", njit(cache=True, error_model="numpy")(function))


@compiled
def systematic(probability: Array, starts: Array, owner: IntArray, size: int, out: IntArray) -> None:
    """Pass the list once for all replicates.

    A replicate's points are its start plus 0, 1, 2 …; with the starts sorted, the points of all
    replicates are met in turn. The list is as long as `size`, whatever the sum rounds to: a point
    past the last boundary belongs to the last station. Eight stations on which no point falls are passed at once.

    Parameters
    ----------
    probability : numpy.ndarray, shape (N,)
        In the order of the list.
    starts : numpy.ndarray, shape (R,), 0 … 1, ascending
    owner : numpy.ndarray of intp, shape (R,)
        The replicate of each start.
    size : int
        Points that fall on stations that are not certain.
    out : numpy.ndarray of intp, shape (R, n)
        Filled with the places drawn.
    """
    replicates = out.shape[0]
    count = np.zeros(replicates, np.intp)
    turn, whole, last, k = 0, 0, 0, 0
    total, point = 0.0, starts[0]
    while k < len(probability):
        if k + 8 <= len(probability):
            left = (probability[k] + probability[k + 1]) + (probability[k + 2] + probability[k + 3])
            right = (probability[k + 4] + probability[k + 5]) + (probability[k + 6] + probability[k + 7])
            if left + right < 0.5 and total + (left + right) < point:
                total += left + right
                last = k + 7 if probability[k + 7] > 0.0 else last
                k += 8
                continue
        for place in range(k, min(k + 8, len(probability))):
            chance = probability[place]
            if chance >= SURE:
                for r in range(replicates):
                    out[r, count[r]] = place
                    count[r] += 1
            elif chance > 0.0:
                total += chance
                last = place
                while total > point and whole < size:
                    r = owner[turn]
                    out[r, count[r]] = place
                    count[r] += 1
                    turn += 1
                    if turn == replicates:
                        turn = 0
                        whole += 1
                    point = starts[turn] + whole
        k += 8
    for r in range(replicates):
        if count[r] < out.shape[1]:
            out[r, count[r]] = last


@compiled
def poisson(probability: Array, size: int, without: int, rng: np.random.Generator, out: IntArray) -> bool:
    """Draw one Poisson sample without one unit (-1: with all) into `out`; say whether it has `size` units."""
    units = len(probability)
    count = 0
    for k in range(units):
        if k != without and rng.random() < probability[k]:
            if count == size:
                return False
            out[count] = k
            count += 1
        if count + units - 1 - k < size:
            return False
    return True


@compiled
def max_entropy(probability: Array, rng: np.random.Generator, out: IntArray) -> None:
    """Draw Poisson samples until one has n units, for each of the R rows of `out`, shape (R, n)."""
    for row in out:
        while not poisson(probability, out.shape[1], -1, rng, row):
            pass


@compiled
def sampford(probability: Array, rng: np.random.Generator, out: IntArray) -> None:
    """Draw one unit by π (1 - π) and a Poisson sample of the others until it has n - 1; `out` has shape (R, n)."""
    cumulated = np.cumsum(probability * (1.0 - probability))
    size = out.shape[1]
    for row in out:
        while True:
            marked = np.searchsorted(cumulated, rng.random() * cumulated[-1], side="right")
            marked = min(marked, len(probability) - 1)
            if poisson(probability, size - 1, marked, rng, row):  # else draw the marked one anew, too
                row[size - 1] = marked
                break


@compiled
def fight(first: float, second: float, uniform: float) -> tuple[float, float]:
    """Let two stations meet: one gets the chance of both, up to 1, and the other what is left."""
    both = first + second
    if both < 1.0:
        if uniform * both < first:
            return both, 0.0
        return 0.0, both
    if uniform * (2.0 - both) < 1.0 - second:
        return 1.0, both - 1.0
    return both - 1.0, 1.0


@compiled
def pivotal(probability: Array, order: IntArray, rng: np.random.Generator, out: IntArray) -> None:
    """Let neighbours along the list meet, the survivor with the next one; `out` has shape (R, n).

    Parameters
    ----------
    probability : numpy.ndarray, shape (N,)
    order : numpy.ndarray of intp, shape (M,)
        The rows with 0 < π < 1 - 1e-9 in the order of the list.
    """
    for r in range(out.shape[0]):
        count = 0
        holder, chance = -1, 0.0
        for k in range(len(order)):
            row = order[k]
            if holder < 0:
                holder, chance = row, probability[row]
                continue
            first, second = fight(chance, probability[row], rng.random())
            if first > 1.0 - SNAP and count < out.shape[1]:
                out[r, count] = holder
                count += 1
            if second > 1.0 - SNAP and count < out.shape[1]:
                out[r, count] = row
                count += 1
            if SNAP <= first <= 1.0 - SNAP:
                chance = first
            elif SNAP <= second <= 1.0 - SNAP:
                holder, chance = row, second
            else:
                holder = -1
        if holder >= 0 and count < out.shape[1]:
            out[r, count] = holder


@compiled
def within(start: IntArray, stations: IntArray, chosen: IntArray, rng: np.random.Generator, out: IntArray) -> None:
    """Draw a simple sample in each chosen cluster (Floyd's algorithm; Bentley and Floyd 1987).

    Parameters
    ----------
    start, stations : numpy.ndarray of intp, shape (C,)
        First place and number of the stations of each cluster.
    chosen : numpy.ndarray of intp, shape (R, m)
    out : numpy.ndarray of intp, shape (R, m, k)
        Filled with places; what is left of a smaller cluster keeps its value.
    """
    for r in range(chosen.shape[0]):
        for c in range(chosen.shape[1]):
            cluster = chosen[r, c]
            take = min(out.shape[2], stations[cluster])
            for t in range(take):
                top = stations[cluster] - take + t
                place = start[cluster] + int(rng.random() * (top + 1))
                for s in range(t):
                    if out[r, c, s] == place:
                        place = start[cluster] + top
                        break
                out[r, c, t] = place
