"""Compiled loops of the draws along a list; import only inside the functions that use them.

The matrices of the ``joint`` functions need none of this. Every kernel has a plain twin in the tests
(``tests/sampling/selection``) that it must equal on the same random stream.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numpy as np
from numba import njit  # type: ignore[import-untyped,unused-ignore]

from estimation.arrays import Array, IntArray

SURE = 1 - 1e-9  # from here on a station is in
SNAP = 1e-11  # a probability this near to 0 or 1 is decided

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile a function when it is first called, and keep the machine code beside the file."""
    return cast("Function", njit(cache=True, error_model="numpy")(function))


@compiled
def sixteen(chance: Array) -> float:
    """Sum sixteen chances in an order that the processor takes four at a time."""
    first = (chance[0] + chance[4]) + (chance[8] + chance[12])
    second = (chance[1] + chance[5]) + (chance[9] + chance[13])
    third = (chance[2] + chance[6]) + (chance[10] + chance[14])
    fourth = (chance[3] + chance[7]) + (chance[11] + chance[15])
    return float((first + second) + (third + fourth))


@compiled
def systematic_kernel(probability: Array, starts: Array, owner: IntArray, size: int, out: IntArray) -> None:
    """Pass the list once for all replicates.

    A replicate's points are its start plus 0, 1, 2 …; with the starts sorted, the points of all
    replicates are met in turn. The list is as long as `size`, whatever the sum rounds to: a point
    past the last boundary belongs to the last station. Sixteen stations on which no point falls are passed at once.

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
    replicates, stations = out.shape[0], len(probability)
    count = np.zeros(replicates, np.intp)
    blocks = probability[: stations // 16 * 16].reshape(-1, 16)
    turn, whole, total, point = 0, 0, 0.0, starts[0]
    for k in range((stations + 15) // 16):
        if k < len(blocks):
            passed = sixteen(blocks[k])
            if passed < 0.5 and total + passed < point:
                total += passed
                continue
        for place in range(16 * k, min(16 * k + 16, stations)):
            chance = probability[place]
            if chance >= SURE:
                for r in range(replicates):
                    out[r, count[r]] = place
                    count[r] += 1
            elif chance > 0.0:
                total += chance
                while total > point and whole < size:
                    r = owner[turn]
                    out[r, count[r]] = place
                    count[r] += 1
                    turn += 1
                    if turn == replicates:
                        turn = 0
                        whole += 1
                    point = starts[turn] + whole
    last = stations - 1
    while last > 0 and not 0.0 < probability[last] < SURE:
        last -= 1
    for r in range(replicates):
        if count[r] < out.shape[1]:
            out[r, count[r]] = last


@compiled
def poisson(probability: Array, top: float, size: int, without: int, rng: np.random.Generator, out: IntArray) -> bool:
    """Draw one Poisson sample without one unit (-1: with all) into `out`; say whether it has `size` units.

    Units are drawn with the largest probability `top`, passing those between at once (their number is
    geometric), and kept with p / top: a sample takes time in proportion to N top, not to N.
    """
    units = len(probability)
    gap = 1.0 / np.log1p(-top)
    count, place = 0, -1
    while True:
        step = np.log(1.0 - rng.random()) * gap
        if step >= units - 1 - place:
            return count == size
        place += 1 + int(step)
        if rng.random() * top < probability[place] and place != without:
            if count == size:
                return False
            out[count] = place
            count += 1


@compiled
def max_entropy_kernel(probability: Array, rng: np.random.Generator, out: IntArray) -> None:
    """Draw Poisson samples until one has n units, for each of the R rows of `out`, shape (R, n)."""
    top = probability.max()
    for row in out:
        while not poisson(probability, top, out.shape[1], -1, rng, row):
            pass


@compiled
def sampford_kernel(probability: Array, rng: np.random.Generator, out: IntArray) -> None:
    """Draw one unit by π (1 - π) and a Poisson sample of the others until it has n - 1; `out` has shape (R, n)."""
    cumulated = np.cumsum(probability * (1.0 - probability))
    size, top = out.shape[1], probability.max()
    for row in out:
        while True:
            marked = np.searchsorted(cumulated, rng.random() * cumulated[-1], side="right")
            marked = min(marked, len(probability) - 1)
            if poisson(probability, top, size - 1, marked, rng, row):  # else draw the marked one anew, too
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
def pivotal_kernel(probability: Array, order: IntArray, rng: np.random.Generator, out: IntArray) -> None:
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
def ascending_kernel(codes: IntArray) -> bool:
    """Say whether no code is smaller than the one before it; 1,024 at a time, which are compared side by side."""
    for first in range(0, len(codes) - 1, 1024):
        before, after = codes[first : first + 1024], codes[first + 1 : first + 1025]
        falls = False
        for i in range(len(after)):
            falls |= after[i] < before[i]
        if falls:
            return False
    return True


@compiled
def sorted_rows(codes: IntArray, start: IntArray) -> IntArray:
    """Give the rows group by group, ascending within (a counting sort); `start` has the first place of each group."""
    following, rows = start.copy(), np.empty(len(codes), np.intp)
    for row in range(len(codes)):
        rows[following[codes[row]]] = row
        following[codes[row]] += 1
    return rows


@compiled
def within(
    start: IntArray, stations: IntArray, take: IntArray, chosen: IntArray, rows: IntArray,
    uniform: Array, out: IntArray,
) -> None:  # fmt: skip
    """Draw a simple sample in random order in each chosen group: the first steps of Fisher and Yates' shuffle.

    The list that is shuffled is put back in order afterwards, so that a draw costs the same whatever the size of
    its group.

    Parameters
    ----------
    start, stations, take : numpy.ndarray of intp, shape (G,)
        First place and number of the stations of each group, and how many to draw, at most that number.
    chosen : numpy.ndarray of intp, shape (R, m)
        Or (1, m): the same groups in every replicate.
    rows : numpy.ndarray of intp, shape (N,)
        The row at each place; empty where they are the same.
    uniform : numpy.ndarray, shape (R, n), 0 … 1
        Random numbers, one for each station drawn.
    out : numpy.ndarray of intp, shape (R, n)
        Filled with rows, group by group; what is left at the end of a replicate keeps its value.
    """
    place, other = np.arange(stations.max()), np.empty(take.max(), np.intp)
    for r in range(out.shape[0]):
        at = 0
        for group in chosen[min(r, len(chosen) - 1)]:
            first, size, count = start[group], stations[group], take[group]
            numbers, drawn = uniform[r, at : at + count], out[r, at : at + count]
            for t in range(count):
                other[t] = t + int(numbers[t] * (size - t))
            for t in range(count):
                drawn[t] = first + place[other[t]]
                place[other[t]] = place[t]
            for t in range(count):
                place[other[t]] = other[t]
                drawn[t] = rows[drawn[t]] if len(rows) > 0 else drawn[t]
            at += count
