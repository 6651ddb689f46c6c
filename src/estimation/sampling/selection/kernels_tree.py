"""A k-d tree whose points can be taken out, and the local pivotal method on it, compiled.

The tree is complete: a node of level l and number k holds the places N k / 2^l … N (k + 1) / 2^l, so
that no pointers are stored; in a heap it is node 2^l + k, its children 2 k and 2 k + 1. Points lie in the
order of the leaves.
"""

import numpy as np
from numpy.typing import NDArray

from estimation.sampling.selection.kernels import SNAP, compiled, fight
from estimation.survey.structure import Array, IntArray

Array32 = NDArray[np.int32]
BUCKET = 8  # points of a leaf, at most


def levels(size: int) -> int:
    """Give the number of halvings after which a leaf has at most `BUCKET` points."""
    return int(max(0, np.ceil(np.log2(max(size, 1) / BUCKET))))


@compiled
def build(points: Array, label: IntArray, depth: int, box: Array) -> None:
    """Sort points into leaves, by the median of the widest side of each node.

    Parameters
    ----------
    points : numpy.ndarray, shape (N, q)
        Put in the order of the leaves.
    label : numpy.ndarray of intp, shape (N,)
        Carried along.
    depth : int
    box : numpy.ndarray, shape (2^(depth + 1), 2, q)
        Filled with the lower and the upper corner of each node.
    """
    size, sides = points.shape
    for level in range(depth + 1):
        for k in range(1 << level):
            low, high = box[(1 << level) + k]
            first, last = size * k >> level, size * (k + 1) >> level
            for s in range(sides):
                low[s] = high[s] = points[first, s]
            for i in range(first + 1, last):
                for s in range(sides):
                    low[s] = points[i, s] if points[i, s] < low[s] else low[s]
                    high[s] = points[i, s] if points[i, s] > high[s] else high[s]
            if level < depth:
                widest = 0
                for s in range(1, sides):
                    if high[s] - low[s] > high[widest] - low[widest]:
                        widest = s
                halve(points, label, first, last - 1, size * (2 * k + 1) >> (level + 1), widest)


@compiled
def halve(points: Array, label: IntArray, first: int, last: int, middle: int, side: int) -> None:
    """Put the points below the one that belongs at `middle` before it (Hoare 1961, algorithm 65)."""
    sides = points.shape[1]
    while first < last:
        pivot = points[middle, side]
        i, j = first, last
        while i <= j:
            while points[i, side] < pivot:
                i += 1
            while pivot < points[j, side]:
                j -= 1
            if i <= j:
                for s in range(sides):
                    points[i, s], points[j, s] = points[j, s], points[i, s]
                label[i], label[j] = label[j], label[i]
                i += 1
                j -= 1
        if j < middle:
            first = i
        if middle < i:
            last = j


@compiled
def fill(size: int, depth: int, count: Array32) -> None:
    """Count the points of every leaf, and of every other node the children that have any."""
    for node in range(1, 1 << depth):
        count[node] = 2
    for k in range(1 << depth):
        count[(1 << depth) + k] = (size * (k + 1) >> depth) - (size * k >> depth)


@compiled
def leaf_of(place: int, size: int, depth: int) -> int:
    """Give the node of the leaf that holds a place."""
    return (1 << depth) + (((place + 1) << depth) - 1) // size


@compiled
def take_out(place: int, size: int, depth: int, count: Array32) -> None:
    """Take a point out of the tree; its chance, 0 or 1 by now, hides it in the leaf."""
    node = leaf_of(place, size, depth)
    count[node] -= 1
    while count[node] == 0 and node > 1:
        node >>= 1
        count[node] -= 1


@compiled
def apart(points: Array, place: int, box: Array, node: int) -> float:
    """Give the squared distance of a point from the box of a node."""
    total = 0.0
    for s in range(points.shape[1]):
        below, above = box[node, 0, s] - points[place, s], points[place, s] - box[node, 1, s]
        outside = below if below > above else above
        total += outside * outside if outside > 0.0 else 0.0
    return total


@compiled
def search_leaf(
    node: int, place: int, depth: int, points: Array, chance: Array, near: IntArray, distance: Array, found: int
) -> int:
    """Insert the points of a leaf that are nearer than those found, nearest first; give how many there are."""
    size, sides = points.shape
    k = node - (1 << depth)
    for i in range(size * k >> depth, size * (k + 1) >> depth):
        if chance[i] == 0.0 or chance[i] == 1.0 or i == place:
            continue
        first = points[i, 0] - points[place, 0]
        total = first * first
        for s in range(1, sides):
            gap = points[i, s] - points[place, s]
            total += gap * gap
        if total >= distance[len(near) - 1]:
            continue
        slot = min(found, len(near) - 1)
        while slot > 0 and distance[slot - 1] > total:
            near[slot] = near[slot - 1]
            distance[slot] = distance[slot - 1]
            slot -= 1
        near[slot] = i
        distance[slot] = total
        found = min(found + 1, len(near))
    return found


@compiled
def nearest(
    place: int, depth: int, points: Array, box: Array, chance: Array, count: Array32,
    near: IntArray, distance: Array, stack: IntArray, apart_by: Array,
) -> int:  # fmt: skip
    """Find the nearest points that are still in, from the leaf of the point upwards.

    Parameters
    ----------
    chance : numpy.ndarray, shape (N,)
        A point with 0 or 1 is out.
    near, distance : numpy.ndarray, shape (k,)
        Filled with places and squared distances, nearest first.
    stack, apart_by : numpy.ndarray, shape (depth + 2,)
        Room to work in: nodes to look into, and how far they are.

    Returns
    -------
    int
        How many were found, at most k.
    """
    leaves, worst = 1 << depth, len(near) - 1
    for slot in range(len(near)):
        distance[slot] = np.inf
    climbed = leaf_of(place, len(points), depth)
    found = search_leaf(climbed, place, depth, points, chance, near, distance, 0)
    while climbed > 1:
        sibling = climbed ^ 1
        climbed >>= 1
        if count[sibling] == 0:
            continue
        top, stack[0], apart_by[0] = 1, sibling, apart(points, place, box, sibling)
        while top > 0:
            top -= 1
            node = stack[top]
            if count[node] == 0 or apart_by[top] >= distance[worst]:
                continue
            if node >= leaves:
                found = search_leaf(node, place, depth, points, chance, near, distance, found)
                continue
            if count[2 * node] == 0 or count[2 * node + 1] == 0:  # one child is empty: go on with the other
                stack[top] = 2 * node + (1 if count[2 * node] == 0 else 0)
                apart_by[top] = apart(points, place, box, stack[top])
                top += 1
                continue
            left, right = apart(points, place, box, 2 * node), apart(points, place, box, 2 * node + 1)
            swap = 1 if left <= right else 0  # the nearer one goes on top
            stack[top], apart_by[top] = 2 * node + swap, right if swap == 1 else left
            stack[top + 1], apart_by[top + 1] = 2 * node + 1 - swap, left if swap == 1 else right
            top += 2
    return found


@compiled
def pick(left: IntArray, remaining: int, chance: Array, rng: np.random.Generator) -> tuple[int, int]:
    """Give an undecided place at random, and how many the list has left; decided ones that come up are dropped."""
    while True:
        turn = int(rng.random() * remaining)
        place = left[turn]
        if 0.0 < chance[place] < 1.0:
            return place, remaining
        remaining -= 1
        left[turn] = left[remaining]


@compiled
def settle(chance: Array, place: int) -> bool:
    """Round a chance that is as good as 0 or 1, and say whether it was."""
    if chance[place] < SNAP:
        chance[place] = 0.0
        return True
    if chance[place] > 1.0 - SNAP:
        chance[place] = 1.0
        return True
    return False


@compiled
def keep(chance: Array, out: IntArray) -> None:
    """Write the places drawn; the one that rounding left undecided fills the last place."""
    drawn, open_place = 0, -1
    for place in range(len(chance)):
        if chance[place] == 1.0 and drawn < len(out):
            out[drawn] = place
            drawn += 1
        elif chance[place] > 0.0:
            open_place = place
    if drawn < len(out):
        out[drawn] = open_place


@compiled
def local_pivotal(
    probability: Array, points: Array, box: Array, depth: int, rng: np.random.Generator, out: IntArray
) -> None:
    """Let a random station meet its nearest neighbour until all are decided; `out` has shape (R, n).

    Parameters
    ----------
    probability : numpy.ndarray, shape (N,)
        Inside 0 … 1, in the order of the leaves.
    points, box, depth
        The tree of `build`.
    out : numpy.ndarray of intp, shape (R, n)
        Filled with places, ascending.
    """
    size = len(probability)
    near, distance = np.empty(1, np.intp), np.empty(1)
    stack, apart_by = np.empty(depth + 2, np.intp), np.empty(depth + 2)
    count = np.zeros(2 << depth, np.int32)
    for row in out:
        chance = probability.copy()
        left = np.arange(size)
        fill(size, depth, count)
        remaining, undecided = size, size
        while undecided > 1:
            first, remaining = pick(left, remaining, chance, rng)
            nearest(first, depth, points, box, chance, count, near, distance, stack, apart_by)
            chance[first], chance[near[0]] = fight(chance[first], chance[near[0]], rng.random())
            for place in (first, near[0]):
                if settle(chance, place):
                    take_out(place, size, depth, count)
                    undecided -= 1
        keep(chance, row)
