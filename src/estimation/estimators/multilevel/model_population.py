"""What the frame gives the predictor before any vote is counted: computed once for a contest."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from estimation.arrays import Array, IntArray
from estimation.columns import AREA_LEVELS, nearest_name
from estimation.errors import EstimateError
from estimation.estimators.multilevel.constants import WIDE, Constants
from estimation.estimators.multilevel.covariates import covariates_for
from estimation.estimators.multilevel.tree import AreaTree, grow
from estimation.frame import Frame


@dataclass(frozen=True, slots=True)
class Exposure:
    """A size x of every station of the population, and its sums.

    Attributes
    ----------
    x : numpy.ndarray, shape (N,)
        0 for a station that is not of the population.
    mean : float
        Mean of x over the population.
    kappa : float
    leaf : numpy.ndarray, shape (m,)
        Σ x by area of the finest level.
    columns : numpy.ndarray, shape (1 + z,)
        Σ x and Σ x Z.
    variance : float
        Σ x²/ω.
    stations : int
        Of the population.
    """

    x: Array
    mean: float
    kappa: float
    leaf: Array
    columns: Array
    variance: float
    stations: int

    def weight(self, x: Array) -> Array:
        """Give ω = (x / x̄)^κ, 0 outside the population."""
        return np.where(x > 0, (x / self.mean) ** self.kappa, 0.0)


@dataclass(frozen=True, slots=True)
class ModelFrame:
    """The frame as the predictor sees it.

    Attributes
    ----------
    exposure : Exposure
        Registered voters; where unknown, the median of the others; at least ``Constants.floor``.
    roll : Exposure or None
        Registered voters where known, the others left out; None where the roll of fewer than two is known.
    covariates : numpy.ndarray, shape (N, z)
        Standardised.
    covariate_names : tuple of str
    tree : Tree
        Nested areas.
    levels : tuple of str
        Names of its levels, from the widest to the finest.
    constants : Constants
    """

    exposure: Exposure
    roll: Exposure | None
    covariates: Array
    covariate_names: tuple[str, ...]
    tree: AreaTree
    levels: tuple[str, ...]
    constants: Constants = field(default_factory=Constants)

    def __len__(self) -> int:
        return len(self.exposure.x)

    @property
    def grids(self) -> list[tuple[float, ...]]:
        """Values of λ by level, from the finest to the widest."""
        known = self.constants
        return [known.grid_wide if name in WIDE else known.grid for name in reversed(self.levels)]


def model_frame(
    frame: Frame,
    levels: Sequence[str] | None = None,
    covariates: Sequence[str] = ("baseline", "size"),
    *,
    probability: Array | None = None,
    strata: IntArray | None = None,
    constants: Constants | None = None,
) -> ModelFrame:
    """Lay out the frame: exposures, nested areas, covariates, and their sums. Cost grows linearly with stations.

    Parameters
    ----------
    frame : Frame
        N stations.
    levels : sequence of str, optional
        Area levels or other columns; every one is taken within those before it, so that they nest. By default all
        area levels. One with a single area, with as many areas as stations, or with no more than the level
        before it is dropped.
    covariates : sequence of str
        ``baseline`` (the earlier election's shares ``baseline_1`` …, where the frame has them), ``size`` (log of the
        roll), and any column of the frame: numbers are taken as they are, words as one indicator each.
    probability : numpy.ndarray, shape (N,), optional
        Inclusion probabilities: where they vary within the finest areas or strata, log π is a covariate, as a model
        that leaves out what the design used is biased (Pfeffermann 1993).
    strata : numpy.ndarray of intp, shape (N,), optional
        The design's strata. Those that are no union of areas become indicators where there are few, else a level.
    constants : Constants, optional

    Raises
    ------
    EstimateError
        A column is not in the frame, or can't be a covariate.
    """
    constants = constants or Constants()
    roll = frame.registered
    known = np.isfinite(roll) & (roll > 0)
    middle = float(np.median(roll[known])) if known.any() else constants.floor
    x = np.maximum(np.where(known, roll, middle), constants.floor)
    names = tuple(AREA_LEVELS) if levels is None else tuple(levels)
    codes = [_codes(frame, name) for name in names]
    tree, kept, indicators = grow(names, codes, len(frame), strata)
    z, z_names = covariates_for(frame, covariates, x, tree, probability, indicators)
    whole = _exposure(x, constants.kappa, z, tree)
    exact = np.where(known, roll, 0.0)
    real = None
    if known.sum() >= 2:  # one object where nothing had to be filled in or raised, so that one fit serves both
        real = whole if np.array_equal(exact, x) else _exposure(exact, constants.kappa, z, tree)
    return ModelFrame(whole, real, z, z_names, tree, kept, constants)


def _codes(frame: Frame, name: str) -> IntArray:
    """Code one column; the path above it is the tree's business."""
    if name not in frame.table.columns:
        near = nearest_name(name, frame.table.columns)
        hint = f"did you mean '{near}'?" if near else f"it has {', '.join(frame.table.columns)}"
        raise EstimateError(f"multilevel: level '{name}' is not in the frame: {hint}")
    column = frame.table[name]
    if column.dtype == "category":
        return np.asarray(column.cat.codes, dtype=np.intp)
    return np.asarray(column.factorize(use_na_sentinel=False)[0], dtype=np.intp)


def _exposure(x: Array, kappa: float, z: Array, tree: AreaTree) -> Exposure:
    """Add up an exposure over the population, the stations with x > 0."""
    inside = x > 0
    stations = int(inside.sum())
    mean = float(x.sum() / stations)
    leaf = np.bincount(tree.leaf, x, tree.areas).astype(np.float64)
    columns = np.append(x.sum(), x @ z)
    variance = float(mean**kappa * (x[inside] ** (2 - kappa)).sum())
    return Exposure(x, mean, kappa, leaf, columns, variance, stations)
