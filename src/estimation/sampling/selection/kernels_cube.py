"""The flight and landing of the cube method, compiled."""

import numpy as np

from estimation.sampling.selection.kernels import compiled
from estimation.sampling.selection.kernels_tree import fill, keep, nearest, pick, settle, take_out
from estimation.survey.structure import Array, IntArray

DEPENDENT = 1e-7  # rows of the balance matrix are about 1 long; a smaller rest counts as none
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
def enter(row: int, image: Array, inverse: Array, p: int) -> None:
    """Put a station in a row of the basis; `image` is the inverse times its column."""
    pivot = image[row]
    for c in range(p):
        inverse[row, c] /= pivot
    for r in range(p):
        if r != row and image[r] != 0.0:
            times = image[r]
            for c in range(p):
                inverse[r, c] -= times * inverse[row, c]


@compiled
def refresh(matrix: Array, column: IntArray, inverse: Array, p: int) -> None:
    """Take rounding out of the inverse by one step X ← X (2 I - B X) (Schulz 1933)."""
    product = np.zeros((p, p))
    for r in range(p):
        for c in range(p):
            for k in range(p):
                entry = matrix[column[k], r] if column[k] >= 0 else (1.0 if r == k else 0.0)
                product[r, c] -= entry * inverse[k, c]
        product[r, r] += 2.0
    old = np.empty(p)
    for r in range(p):
        for c in range(p):
            old[c] = inverse[r, c]
        for c in range(p):
            inverse[r, c] = 0.0
            for k in range(p):
                inverse[r, c] += old[k] * product[k, c]


@compiled
def step_lengths(unit: int, chance: Array, held: IntArray, image: Array, p: int) -> tuple[float, float]:
    """Give how far the chances can go up and down along the null vector before one is 0 or 1."""
    up, down = 1.0 - chance[unit], chance[unit]
    for r in range(p):
        if held[r] >= 0 and abs(image[r]) > 1e-14:
            rise, fall = (1.0 - chance[held[r]]) / abs(image[r]), chance[held[r]] / abs(image[r])
            if image[r] < 0.0:
                up, down = min(up, rise), min(down, fall)
            else:
                up, down = min(up, fall), min(down, rise)
    return up, down


@compiled
def flight(
    matrix: Array, chance: Array, units: IntArray, p: int, once: bool, rng: np.random.Generator,
    held: IntArray, column: IntArray, inverse: Array, image: Array,
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
    held, column, inverse, image
        Room to work in: shapes (P,), (P,), (P, P), (P,). At the end `held` has the undecided, and -1.
    """
    changes = 0
    for r in range(p):
        held[r] = column[r] = -1
        for c in range(p):
            inverse[r, c] = 1.0 if r == c else 0.0
    for unit in units:
        for r in range(p):
            total = 0.0
            for c in range(p):
                total += inverse[r, c] * matrix[unit, c]
            image[r] = total
        while True:
            free, size = -1, DEPENDENT
            for r in range(p):
                if held[r] < 0 and abs(image[r]) > size:
                    free, size = r, abs(image[r])
            if free >= 0:
                enter(free, image, inverse, p)
                held[free] = column[free] = unit
                changes += 1
                if changes % REFRESH == 0:
                    refresh(matrix, column, inverse, p)
                break
            up, down = step_lengths(unit, chance, held, image, p)
            step = up if rng.random() * (up + down) < down else -down
            chance[unit] += step
            decided = settle(chance, unit)
            for r in range(p):
                if held[r] >= 0:
                    chance[held[r]] -= step * image[r]
                    if settle(chance, held[r]):
                        held[r] = -1
            if decided or once:
                break
        if once and free < 0:
            return


@compiled
def land(
    matrix: Array, chance: Array, units: IntArray, rng: np.random.Generator,
    held: IntArray, column: IntArray, inverse: Array, image: Array,
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
        flight(matrix, chance, source, p, False, rng, held, column, inverse, image)


@compiled
def cube(probability: Array, matrix: Array, rng: np.random.Generator, out: IntArray) -> None:
    """Draw balanced samples, taking stations in random order; `out` has shape (R, n).

    Parameters
    ----------
    probability : numpy.ndarray, shape (N,), inside 0 … 1
    matrix : numpy.ndarray, shape (N, p)
        Balance variables over π; the first column is 1, whose balance is the sample size.
    """
    size, p = matrix.shape
    held, column, inverse, image = np.empty(p, np.intp), np.empty(p, np.intp), np.empty((p, p)), np.empty(p)
    units, mixed, chance = np.arange(size), np.empty_like(matrix), np.empty(size)
    for row in out:
        for i in range(size - 1, 0, -1):
            j = int(rng.random() * (i + 1))
            units[i], units[j] = units[j], units[i]
        for i in range(size):  # the flight runs along memory, which takes a third of the time
            chance[i] = probability[units[i]]
            for c in range(p):
                mixed[i, c] = matrix[units[i], c]
        flight(mixed, chance, np.arange(size), p, False, rng, held, column, inverse, image)
        land(mixed, chance, np.arange(size), rng, held, column, inverse, image)
        keep(chance, row)
        for i in range(len(row)):
            row[i] = units[row[i]]


@compiled
def local_cube(
    probability: Array, matrix: Array, points: Array, box: Array, depth: int, rng: np.random.Generator, out: IntArray
) -> None:
    """Draw balanced and spread samples: a random station and its p nearest fly until one is decided.

    Parameters
    ----------
    probability, matrix
        As in `cube`, in the order of the leaves.
    points, box, depth
        The tree of `kernels_tree.build`.
    """
    size, p = matrix.shape
    held, column, inverse, image = np.empty(p, np.intp), np.empty(p, np.intp), np.empty((p, p)), np.empty(p)
    near, distance, group = np.empty(p, np.intp), np.empty(p), np.empty(p + 1, np.intp)
    stack, apart_by = np.empty(depth + 2, np.intp), np.empty(depth + 2)
    count = np.zeros(2 << depth, np.int32)
    for row in out:
        chance = probability.copy()
        left = np.arange(size)
        fill(size, depth, count)
        remaining, undecided = size, size
        while undecided > p:
            group[0], remaining = pick(left, remaining, chance, rng)
            nearest(group[0], depth, points, box, chance, count, near, distance, stack, apart_by)
            for c in range(p):
                group[c + 1] = near[c]
            flight(matrix, chance, group, p, True, rng, held, column, inverse, image)
            for place in group:
                if chance[place] == 0.0 or chance[place] == 1.0:
                    take_out(place, size, depth, count)
                    undecided -= 1
        land(matrix, chance, left[:remaining], rng, held, column, inverse, image)
        keep(chance, row)
