"""The flight and landing of the cube method, compiled."""

import numpy as np

from estimation.arrays import Array, IntArray
from estimation.sampling.selection.kernels import SNAP, compiled
from estimation.sampling.selection.kernels_tree import Axes, Space, begin, keep, nearest, pick, settled, take_out

DEPENDENT = 1e-7  # rows of the balance matrix are about 1 long; a smaller rest counts as none
Basis = tuple[IntArray, IntArray, Array, Array, Array]
REFRESH = 512  # changes of basis after which rounding is taken out of its inverse


@compiled
def moments(table: Array, probability: Array, rows: IntArray) -> tuple[Array, Array, Array]:
    """Give the mean of table / π over the rows, its mean products around that, and its largest absolute values."""
    p = table.shape[1]
    mean, product, largest = np.zeros(p), np.zeros((p, p)), np.zeros(p)
    gap = np.empty(p)
    for row in rows:
        inverse = 1.0 / probability[row]
        for c in range(p):
            value = table[row, c] * inverse
            mean[c] += value
            if abs(value) > largest[c]:
                largest[c] = abs(value)
    for c in range(p):
        mean[c] /= len(rows)
    for row in rows:
        inverse = 1.0 / probability[row]
        for c in range(p):
            gap[c] = table[row, c] * inverse - mean[c]
            for d in range(c + 1):
                product[c, d] += gap[c] * gap[d]
    for c in range(p):
        for d in range(c + 1):
            product[c, d] /= len(rows)
            product[d, c] = product[c, d]
    return mean, product, largest


@compiled
def cholesky(gram: Array, least: float) -> tuple[Array, int]:
    """Factor a correlation matrix; give the first column of which those before it leave at most `least`, or -1."""
    factor = np.zeros_like(gram)
    for j in range(len(gram)):
        for i in range(j, len(gram)):
            left = gram[i, j]
            for k in range(j):
                left -= factor[i, k] * factor[j, k]
            if i == j and left <= least:
                return factor, j
            factor[i, j] = np.sqrt(left) if i == j else left / factor[j, j]
    return factor, -1


@compiled
def transformed(table: Array, probability: Array, rows: IntArray, mean: Array, times: Array) -> Array:
    """Give 1 and the lower triangle `times` by table / π - mean, for each of the rows: shape (M, p + 1)."""
    p = table.shape[1]
    out, gap = np.empty((len(rows), p + 1)), np.empty(p)
    for k in range(len(rows)):
        inverse = 1.0 / probability[rows[k]]
        out[k, 0] = 1.0
        for c in range(p):
            gap[c] = table[rows[k], c] * inverse - mean[c]
            total = 0.0
            for d in range(c + 1):
                total += times[c, d] * gap[d]
            out[k, c + 1] = total
    return out


@compiled
def room(p: int) -> Basis:
    """Make what a flight works in, for p balance variables.

    Returns
    -------
    held : numpy.ndarray of intp, shape (p,)
        The station that waits in each row of the basis, -1 where none does.
    column : numpy.ndarray of intp, shape (p,)
        The station whose column stands there: still that of one which has left.
    inverse : numpy.ndarray, shape (p, p)
        Of the basis; transposed, so that loops run along memory.
    image : numpy.ndarray, shape (p,)
        A station as a combination of the basis.
    level : numpy.ndarray, shape (p,)
        The chance of each that waits.
    """
    return np.empty(p, np.intp), np.empty(p, np.intp), np.empty((p, p)), np.empty(p), np.empty(p)


@compiled
def images(row: Array, inverse: Array, image: Array, p: int) -> None:
    """Write a station as a combination of the first p rows of the basis."""
    for r in range(p):
        image[r] = inverse[0, r] * row[0]
    for c in range(1, p):
        times = row[c]
        for r in range(p):
            image[r] += inverse[c, r] * times


@compiled
def enter_basis(row: int, image: Array, inverse: Array, p: int) -> None:
    """Put a station in a row of the basis; `image` is the inverse times its column."""
    over = 1.0 / image[row]
    for c in range(p):
        times = inverse[c, row] * over
        for r in range(p):
            inverse[c, r] -= image[r] * times
        inverse[c, row] = times


@compiled
def refresh(matrix: Array, column: IntArray, inverse: Array, p: int) -> None:
    """Take rounding out of the inverse by one step X ← X (2 I - B X) (Schulz 1933)."""
    product = np.zeros((p, p))
    for r in range(p):
        for c in range(p):
            for k in range(p):
                entry = matrix[column[k], r] if column[k] >= 0 else (1.0 if r == k else 0.0)
                product[r, c] -= entry * inverse[c, k]
        product[r, r] += 2.0
    old = np.empty(p)
    for r in range(p):
        for c in range(p):
            old[c] = inverse[c, r]
        for c in range(p):
            inverse[c, r] = 0.0
            for k in range(p):
                inverse[c, r] += old[k] * product[k, c]


@compiled
def step_lengths(chance: float, level: Array, image: Array, p: int) -> tuple[float, float]:
    """Give how far a chance can go up and down, the others against it, before one is 0 or 1; without a branch."""
    up, down = 1.0 - chance, -chance
    for r in range(p):
        over = 1.0 / image[r]
        first, second = level[r] * over, (level[r] - 1.0) * over
        high, low = (first, second) if first > second else (second, first)
        up = high if high < up else up
        down = low if low > down else down
    return up, down


@compiled
def flight(
    matrix: Array, chance: Array, units: IntArray, p: int, once: bool, rng: np.random.Generator,
    basis: Basis,
) -> None:  # fmt: skip
    """Change chances at random, keeping Σ chance × matrix row, until at most p are undecided.

    Stations are taken in turn. Up to p of them, with independent rows, wait in a basis; the next one
    is a combination of them, which is a null vector: all move along it, up or down so that nothing changes on
    average, until one is 0 or 1 and leaves (Chauvet and Tillé 2006; the basis is kept by its
    inverse, so that a step takes p² operations and dependent rows, as of strata, do no harm).

    Parameters
    ----------
    matrix : numpy.ndarray, shape (N, P)
    chance : numpy.ndarray, shape (N,)
        Changed.
    units : numpy.ndarray of intp, shape (M,)
        The undecided places in the order of the flight.
    p : int
        Columns of the matrix that are kept in balance, the first ones.
    once : bool
        Stop when the first is decided.
    basis
        Of `room`, for P variables.
    """
    held, column, inverse, image, level = basis
    changes, waiting, entered = 0, 0, False
    for r in range(p):
        held[r] = column[r] = -1
        for c in range(p):
            inverse[c, r] = 1.0 if r == c else 0.0
    for unit in units:
        images(matrix[unit], inverse, image, p)
        start, entered = chance[unit], False
        while 0.0 < start < 1.0 and not entered:
            if waiting < p:
                free, size = -1, DEPENDENT
                for r in range(p):
                    if held[r] < 0 and abs(image[r]) > size:
                        free, size = r, abs(image[r])
                if free >= 0:
                    enter_basis(free, image, inverse, p)
                    held[free], column[free], level[free] = unit, unit, start
                    entered = True
                    waiting += 1
                    changes += 1
                    if changes % REFRESH == 0:
                        refresh(matrix, column, inverse, p)
                    continue
                for r in range(p):  # rows without a station are to limit nothing
                    if held[r] < 0:
                        image[r], level[r] = 0.0, 0.5
            up, down = step_lengths(start, level, image, p)
            step = up if rng.random() * (up - down) < -down else down
            start = settled(start + step)
            for r in range(p):
                level[r] -= step * image[r]
                if held[r] >= 0 and not SNAP <= level[r] <= 1.0 - SNAP:
                    chance[held[r]] = settled(level[r])
                    held[r] = -1
                    waiting -= 1
            if once:
                break
        chance[unit] = start
        if once and not entered:
            break
    for r in range(p):
        if held[r] >= 0:
            chance[held[r]] = level[r]


@compiled
def land(
    matrix: Array, chance: Array, units: IntArray, rng: np.random.Generator,
    basis: Basis,
) -> None:  # fmt: skip
    """Drop the last balance variable again and again, and fly on with the others."""
    left, source = np.empty(len(units), np.intp), units
    for p in range(matrix.shape[1], 0, -1):
        count = 0
        for unit in source:
            if 0.0 < chance[unit] < 1.0:
                left[count] = unit
                count += 1
        source = left[:count]
        flight(matrix, chance, source, p, False, rng, basis)


@compiled
def cube_kernel(probability: Array, matrix: Array, rng: np.random.Generator, out: IntArray) -> None:
    """Draw balanced samples, taking stations in random order; `out` has shape (R, n).

    Parameters
    ----------
    probability : numpy.ndarray, shape (N,), inside 0 … 1
    matrix : numpy.ndarray, shape (N, p)
        Balance variables over π; the first column is 1, whose balance is the sample size.
    """
    size, p = matrix.shape
    basis, units, mixed, chance = room(p), np.arange(size), np.empty_like(matrix), np.empty(size)
    for row in out:
        for i in range(size - 1, 0, -1):
            j = int(rng.random() * (i + 1))
            units[i], units[j] = units[j], units[i]
        for i in range(size):  # the flight runs along memory, which takes a third of the time
            chance[i] = probability[units[i]]
            for c in range(p):
                mixed[i, c] = matrix[units[i], c]
        flight(mixed, chance, np.arange(size), p, False, rng, basis)
        land(mixed, chance, np.arange(size), rng, basis)
        keep(chance, row)
        for i in range(len(row)):
            row[i] = units[row[i]]


@compiled
def local_cube(
    probability: Array, matrix: Array, points: Array, box: Array, depth: int, rng: np.random.Generator,
    space: Space, axes: Axes, out: IntArray,
) -> None:  # fmt: skip
    """Draw balanced and spread samples: a random station and its p nearest fly until one is decided.

    Parameters
    ----------
    probability, matrix
        As in `cube`, in the order of the leaves.
    points, box, depth, space, axes
        As in `kernels_tree.local_pivotal`.
    """
    size, p = matrix.shape
    basis, near, distance, group = room(p), np.empty(p, np.intp), np.empty(p), np.empty(p + 1, np.intp)
    here, stack, apart_by = np.empty(len(axes)), np.empty(depth + 2, np.intp), np.empty(depth + 2)
    chance, left, alive, around, count = space
    for row in out:
        begin(probability, points, box, depth, space)
        remaining, undecided = size, size
        while undecided > p:
            group[0], remaining = pick(left, remaining, chance, rng)
            nearest(group[0], depth, alive, around, near, distance, here, stack, apart_by, axes)
            for c in range(p):
                group[c + 1] = near[c]
            flight(matrix, chance, group, p, True, rng, basis)
            for place in group:
                if chance[place] == 0.0 or chance[place] == 1.0:
                    take_out(place, depth, alive, around, count)
                    undecided -= 1
        land(matrix, chance, left[:remaining], rng, basis)
        keep(chance, row)
