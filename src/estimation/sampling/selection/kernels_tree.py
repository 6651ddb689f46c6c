"""A k-d tree whose points can be taken out, and the local pivotal method on it, compiled.

The tree is complete: a node of level l and number k holds the places N k / 2^l … N (k + 1) / 2^l, so
that no pointers are stored; in a heap it is node 2^l + k, its children 2 k and 2 k + 1. Points lie in the
order of the leaves.
"""

import numpy as np
from numpy.typing import NDArray

from estimation.arrays import Array, IntArray
from estimation.sampling.selection.kernels import SNAP, compiled, fight

Array32 = NDArray[np.int32]
Axes = tuple[int, ...]
Space = tuple[Array, IntArray, Array, Array, Array32]
BUCKET = 16  # points of a leaf, at most


def levels(size: int) -> int:
    """Give the number of halvings after which a leaf has at most `BUCKET` points."""
    return int(max(0, np.ceil(np.log2(max(size, 1) / BUCKET))))


@compiled
def build(points: Array, label: IntArray, depth: int, axes: Axes, box: Array) -> None:
    """Sort points into leaves, by the median of the widest side of each node, one branch after another.

    Parameters
    ----------
    points : numpy.ndarray, shape (N, q)
        Put in the order of the leaves.
    label : numpy.ndarray of intp, shape (N,)
        Carried along.
    depth : int
    axes : tuple of int, length q
        Its length alone matters: compiled for it, loops over sides take half of the time.
    box : numpy.ndarray, shape (2^(depth + 1), 2, q)
        Filled with the lower and the upper corner of each node.
    """
    size = len(points)
    node, level = 1, 0
    while node > 0:
        k = node - (1 << level)
        low, high = box[node]
        first, last = size * k >> level, size * (k + 1) >> level
        for s in range(len(axes)):
            lowest = highest = points[first, s]
            for i in range(first + 1, last):
                value = points[i, s]
                lowest = value if value < lowest else lowest
                highest = value if value > highest else highest
            low[s], high[s] = lowest, highest
        if level < depth:
            widest = 0
            for s in range(1, len(axes)):
                if high[s] - low[s] > high[widest] - low[widest]:
                    widest = s
            halve(points, label, first, last - 1, size * (2 * k + 1) >> (level + 1), widest, axes)
            node, level = 2 * node, level + 1
        else:
            while node & 1 == 1:
                node, level = node >> 1, level - 1
            node += 1 if node > 0 else 0


@compiled
def below(
    points: Array, label: IntArray, first: int, last: int, pivot: float, ties: bool, side: int, axes: Axes
) -> int:
    """Put the points below a pivot (with `ties`: up to it) before the others; give where those begin.

    Every point is swapped, with itself or another (Lomuto's partition), so that the processor has nothing to guess.
    """
    split = first
    for i in range(first, last + 1):
        less = points[i, side] < pivot or (ties and points[i, side] == pivot)
        for s in range(len(axes)):
            points[i, s], points[split, s] = points[split, s], points[i, s]
        label[i], label[split] = label[split], label[i]
        split += less
    return split


@compiled
def halve(points: Array, label: IntArray, first: int, last: int, middle: int, side: int, axes: Axes) -> None:
    """Put the points below the one that belongs at `middle` before it (Hoare 1961, algorithm 65; median of three)."""
    while first < last:
        one, two, pivot = points[first, side], points[last, side], points[middle, side]
        low, high = (one, two) if one < two else (two, one)
        pivot = low if pivot < low else (high if pivot > high else pivot)
        split = below(points, label, first, last, pivot, False, side, axes)
        if split == first:  # the pivot is the smallest: all that are equal to it are in place at once
            split = below(points, label, first, last, pivot, True, side, axes)
            if middle < split:
                return
        if middle < split:
            last = split - 1
        else:
            first = split


@compiled
def begin(probability: Array, points: Array, box: Array, depth: int, space: Space) -> None:
    """Copy what a replicate changes: chances, a list of all, points and boxes, and how much is in each node.

    The last counts the points of a leaf, and of every other node the children that have any.
    """
    chance, left, alive, around, count = space
    chance[:], alive[:], around[:] = probability, points, box
    for place in range(len(left)):
        left[place] = place
    for node in range(1 << depth):
        count[node] = 2
        count[(1 << depth) + node] = (len(points) * (node + 1) >> depth) - (len(points) * node >> depth)
    count[0] = -1  # above the root nothing is empty


@compiled
def leaf_of(place: int, size: int, depth: int) -> int:
    """Give the node of the leaf that holds a place (a quotient of doubles: exact below 2^53, and quicker)."""
    return (1 << depth) + int((((place + 1) << depth) - 1) / size)


@compiled
def take_out(place: int, depth: int, points: Array, box: Array, count: Array32) -> None:
    """Move a point to infinity, and with it the boxes that hold no other."""
    node = leaf_of(place, len(points), depth)
    points[place, 0] = np.inf
    count[node] -= 1
    while count[node] == 0:
        box[node, 0, 0] = np.inf
        node >>= 1
        count[node] -= 1


@compiled
def box_distance(here: Array, box: Array, node: int, axes: Axes) -> float:
    """Give the squared distance of a point from the box of a node."""
    total = 0.0
    for s in range(len(axes)):
        below, above = box[node, 0, s] - here[s], here[s] - box[node, 1, s]
        outside = below if below > above else above
        outside = outside if outside > 0.0 else 0.0
        total += outside * outside
    return float(total)


@compiled
def search_leaf(
    node: int, depth: int, points: Array, here: Array, near: IntArray, distance: Array, found: int, axes: Axes
) -> int:
    """Insert the points of a leaf that are nearer than those found, nearest first; give how many there are."""
    size, last = len(points), len(near) - 1
    k = node - (1 << depth)
    for i in range(size * k >> depth, size * (k + 1) >> depth):
        total = 0.0
        for s in range(len(axes)):
            gap = points[i, s] - here[s]
            total += gap * gap
        if total >= distance[last]:
            continue
        slot = min(found, last)
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
    place: int, depth: int, points: Array, box: Array, near: IntArray, distance: Array,
    here: Array, stack: IntArray, apart_by: Array, axes: Axes,
) -> int:  # fmt: skip
    """Find the nearest points that are still in, from the leaf of the point upwards.

    Parameters
    ----------
    points, box
        Those taken out are at infinity, and so are boxes without any (see `take_out`).
    near, distance : numpy.ndarray, shape (k,)
        Filled with places and squared distances, nearest first.
    here, stack, apart_by : numpy.ndarray, shapes (q,), (depth + 2,), (depth + 2,)
        Room to work in: the point, nodes to look into, and how far they are.
    axes : tuple of int, length q

    Returns
    -------
    int
        How many were found, at most k.
    """
    leaves, last = 1 << depth, len(near) - 1
    for slot in range(len(near)):
        distance[slot] = np.inf
    for s in range(len(here)):
        here[s] = points[place, s]
    points[place, 0] = np.inf  # it is not its own neighbour
    climbed = leaf_of(place, len(points), depth)
    found = search_leaf(climbed, depth, points, here, near, distance, 0, axes)
    while climbed > 1:
        top, stack[0] = 1, climbed ^ 1
        apart_by[0] = box_distance(here, box, climbed ^ 1, axes)
        climbed >>= 1
        while top > 0:
            top -= 1
            node, gap = stack[top], apart_by[top]
            while node < leaves and gap < distance[last]:
                node, other = 2 * node, 2 * node + 1
                gap, behind = box_distance(here, box, node, axes), box_distance(here, box, other, axes)
                if behind < gap:
                    node, other, gap, behind = other, node, behind, gap
                if behind < distance[last]:  # the nearer one first
                    stack[top], apart_by[top] = other, behind
                    top += 1
            if gap < distance[last]:
                found = search_leaf(node, depth, points, here, near, distance, found, axes)
    points[place, 0] = here[0]
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
def settled(chance: float) -> float:
    """Round a chance that is as good as 0 or 1."""
    return 0.0 if chance < SNAP else (1.0 if chance > 1.0 - SNAP else chance)


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
    probability: Array, points: Array, box: Array, depth: int, rng: np.random.Generator,
    space: Space, axes: Axes, out: IntArray,
) -> None:  # fmt: skip
    """Let a random station meet its nearest neighbour until all are decided; `out` has shape (R, n).

    Parameters
    ----------
    probability : numpy.ndarray, shape (N,)
        Inside 0 … 1, in the order of the leaves.
    points, box, depth
        The tree of `build`.
    space, axes
        Room to work in, of `trees.Tree.space`, and 0 … q - 1.
    out : numpy.ndarray of intp, shape (R, n)
        Filled with places, ascending.
    """
    size = len(probability)
    near, distance, here = np.empty(1, np.intp), np.empty(1), np.empty(len(axes))
    stack, apart_by = np.empty(depth + 2, np.intp), np.empty(depth + 2)
    chance, left, alive, around, count = space
    for row in out:
        begin(probability, points, box, depth, space)
        remaining, undecided = size, size
        while undecided > 1:
            first, remaining = pick(left, remaining, chance, rng)
            nearest(first, depth, alive, around, near, distance, here, stack, apart_by, axes)
            one, other = fight(chance[first], chance[near[0]], rng.random())
            chance[first], chance[near[0]] = settled(one), settled(other)
            for place in (first, near[0]):
                if not 0.0 < chance[place] < 1.0:
                    take_out(place, depth, alive, around, count)
                    undecided -= 1
        keep(chance, row)
