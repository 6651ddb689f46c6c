"""The tree of neighbours that spread samples are drawn on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from estimation.arrays import Array, IntArray


@dataclass(frozen=True, slots=True)
class Tree:
    """Rows in the order of the leaves of a k-d tree.

    Attributes
    ----------
    rows : numpy.ndarray of intp, shape (N,)
        The row of the frame at each place.
    points : numpy.ndarray, shape (N, q)
    box : numpy.ndarray, shape (2^(depth + 1), 2, q)
        The lower and the upper corner of each node.
    depth : int
    """

    rows: IntArray
    points: Array
    box: Array
    depth: int

    @property
    def axes(self) -> tuple[int, ...]:
        """The coordinates that the tree can split by, 0 … q - 1, in the order in which it takes them."""
        return tuple(range(self.points.shape[1]))

    def space(self) -> tuple[Array, IntArray, Array, Array, NDArray[np.int32]]:
        """Make room for the chances, the list, the points, the boxes and the counts of a draw in progress."""
        nodes = 2 << self.depth
        size = len(self.rows)
        count, left = np.empty(nodes, dtype=np.int32), np.empty(size, dtype=np.intp)
        return np.empty(size), left, np.empty_like(self.points), np.empty_like(self.box), count


def plant(spread: Array, rows: IntArray, rng: np.random.Generator) -> Tree:
    """Sort rows into a tree, in random order first, so that equal distances are met in random order.

    Parameters
    ----------
    spread : numpy.ndarray, shape (N, q)
    rows : numpy.ndarray of intp, shape (M,)
        The rows that are to be in the tree.
    rng : numpy.random.Generator
    """
    from estimation.sampling.selection import kernels_tree

    label = rng.permutation(rows)
    points = np.ascontiguousarray(spread[label])
    depth = kernels_tree.levels(len(label))
    box = np.zeros((2 << depth, 2, points.shape[1]))
    if len(label):
        kernels_tree.build(points, label, depth, tuple(range(points.shape[1])), box)
    return Tree(label, points, box, depth)
