"""Hadamard matrices, for balanced and successive-difference replicates."""

import math

import numpy as np
from numpy.typing import NDArray

from estimation.arrays import IntArray

Signs = NDArray[np.int8]


def hadamard(least: int) -> Signs:
    """Make the smallest Hadamard matrix known here that has at least so many rows.

    Its order is 1, 2, q + 1 for a prime q of the form 4a + 3, 2 (q + 1) for a prime q of the form
    4a + 1 (Paley 1933), or twice an order that is known (Sylvester 1867).

    Parameters
    ----------
    least : int
        Rows needed, at least 1.

    Returns
    -------
    numpy.ndarray of int8, shape (R, R)
        Entries ±1, rows orthogonal to each other; the first row is all +1.
    """
    order = least
    while not _known(order):
        order += 1
    signs = _make(order)
    return np.asarray(signs * signs[0], dtype=np.int8)


def _known(order: int) -> bool:
    if order in (1, 2):
        return True
    if order < 1 or order % 4:
        return False
    return _first_kind(order) or _second_kind(order) or _known(order // 2)


def _first_kind(order: int) -> bool:
    return order % 4 == 0 and _prime(order - 1)


def _second_kind(order: int) -> bool:
    half = order // 2
    return order % 4 == 0 and half % 4 == 2 and _prime(half - 1)


def _make(order: int) -> Signs:
    if order == 1:
        return np.ones((1, 1), dtype=np.int8)
    if order > 2 and _first_kind(order):
        bordered = _bordered(order - 1)
        bordered[1:, 0] = -1  # skew, as -1 is no square
        return np.asarray(bordered + np.eye(order, dtype=np.int8), dtype=np.int8)
    if order > 2 and _second_kind(order):
        half = order // 2
        bordered, one = _bordered(half - 1), np.eye(half, dtype=np.int8)
        plus, minus = np.array([[1, 1], [1, -1]], dtype=np.int8), np.array([[1, -1], [-1, -1]], dtype=np.int8)
        return np.asarray(np.kron(bordered, plus) + np.kron(one, minus), dtype=np.int8)
    return np.asarray(np.kron(np.array([[1, 1], [1, -1]], dtype=np.int8), _make(order // 2)), dtype=np.int8)


def _bordered(q: int) -> Signs:
    """Give Jacobsthal's matrix of a prime q, bordered with ones: zero diagonal, order q + 1."""
    place: IntArray = np.arange(q)
    character = np.full(q, -1, dtype=np.int8)
    character[place * place % q] = 1
    character[0] = 0
    bordered = np.ones((q + 1, q + 1), dtype=np.int8)
    bordered[0, 0] = 0
    bordered[1:, 1:] = character[(place[:, None] - place) % q]
    return bordered


def _prime(number: int) -> bool:
    return number > 1 and all(number % divisor for divisor in range(2, math.isqrt(number) + 1))
