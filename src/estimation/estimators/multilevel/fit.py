"""The linear model given variance ratios: areas and covariates eliminated one after another, for a whole grid at once.

With W the design of the stations in, C = W'ΩW + P and l what a prediction adds up, all that is needed of C stands in

    ⎡ C     W'ΩR  l ⎤
    ⎢ R'ΩW  R'ΩR  0 ⎥        after C has been eliminated:  ⎡ R'ΩR − coef'W'ΩR   −coef'l ⎤
    ⎣ l'    0     0 ⎦                                      ⎣ −l'coef            −l'C⁻¹l ⎦

Areas are nested, so that the areas of the finest level touch nobody but their own ancestors: to eliminate them keeps
the next level diagonal (1/(1 + λ a) of what each has goes on to its parent), and so on to the widest. Cost and memory
are linear in the number of areas, where a Cholesky factor of C needs its cube; the rest is one small matrix of the
covariates and the slope. An area without any station in takes part in nothing but the prediction: its own effect is
unknown and adds λ (Σ x)² to the variance, and its Σ x belongs to the area above it (:mod:`.present`).
"""

from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np

from estimation.arrays import Array, BoolArray, IntArray, stratum_sums
from estimation.estimators.multilevel.constants import Constants
from estimation.estimators.multilevel.model_population import Exposure, ModelFrame
from estimation.estimators.multilevel.observed_areas import ObservedAreas, observed_areas


@dataclass(frozen=True, slots=True)
class ModelData:
    """What is in, laid beside the population; B replicates of n drawn stations.

    Attributes
    ----------
    population : ModelFrame
    rows : numpy.ndarray of intp, shape (B, n)
    fixed : numpy.ndarray, shape (B, f, n)
        1, covariates, the slope on the order of arrival: columns without a random effect.
    precision : numpy.ndarray, shape (f,)
        Prior precision of their coefficients, in 1/σ².
    """

    population: ModelFrame
    rows: IntArray
    fixed: Array
    precision: Array


@dataclass(frozen=True, slots=True)
class Fit:
    """Responses on one set of stations at every point of the grid; G points, ρ responses.

    Attributes
    ----------
    data : ModelData
    x, weight : numpy.ndarray, shape (B, n)
        Exposure, and ω; 0 where a station is not used.
    responses : numpy.ndarray, shape (B, ρ, n)
        Counts by exposure.
    counted : numpy.ndarray, shape (B, ρ)
        Counts of the stations used.
    out : numpy.ndarray, shape (B, G, ρ)
        Predicted counts of all other stations of the population.
    products : numpy.ndarray, shape (B, G, ρ, ρ)
        R'ΩR - coef'W'ΩR: residual sums of squares and products, penalty included.
    spread : numpy.ndarray, shape (B, G)
        Variance of the predicted counts in σ².
    evidence : numpy.ndarray, shape (B, G)
        What the log weight of a grid point has besides the residuals.
    stations : numpy.ndarray, shape (B,)
        Number used.
    total : float
        Σ x over the population.
    grid : numpy.ndarray, shape (G, levels)
        λ by level, the finest first.
    areas : ObservedAreas
        With a station used in any of the replicates.
    """

    data: ModelData
    x: Array
    weight: Array
    responses: Array
    counted: Array
    out: Array
    products: Array
    spread: Array
    evidence: Array
    stations: Array
    total: float
    grid: Array
    areas: ObservedAreas

    @property
    def mean_weight(self) -> Array:
        """ω̄ of the stations used, shape (B,)."""
        return np.asarray(self.weight.sum(axis=-1) / self.stations)

    @property
    def rates(self) -> Array:
        """Counts for each voter of the stations used, shape (B, ρ)."""
        return np.asarray(self.counted / self.x.sum(axis=-1)[:, None])


def fit_model(data: ModelData, exposure: Exposure, counts: Array, use: BoolArray) -> Fit:
    """Fit counts on the stations used.

    Parameters
    ----------
    exposure : Exposure
        It defines the population that is predicted.
    counts : numpy.ndarray, shape (B, ρ, n)
        Anything where a station is not used.
    use : numpy.ndarray of bool, shape (B, n)
        At least one in each replicate.
    """
    population, constants = data.population, data.population.constants
    x = np.where(use, exposure.x[data.rows], 0.0)
    use = x > 0
    counts = np.where(use[:, None], counts, 0.0)
    responses = counts / np.where(use, x, 1.0)[:, None]
    weight = exposure.weight(x)
    columns = np.concatenate([data.fixed, responses], axis=1)
    areas = observed_areas(population.tree, exposure, data.rows, use)
    gram, leaves = _sums(columns, weight, areas)
    stations = use.sum(axis=-1).astype(np.float64)
    complete = stations == exposure.stations
    inside = stratum_sums(x[..., None], areas.code, areas.number)[..., 0]
    left = np.where(complete[:, None], 0.0, areas.totals - inside)
    f = data.fixed.shape[1]
    fixed_left = -(data.fixed @ x[..., None])[..., 0]
    fixed_left[:, : f - 1] += exposure.columns  # over all stations the slope adds up to nothing
    fixed_left[complete] = 0
    matrix = np.zeros((len(x), 1, gram.shape[-1] + 1, gram.shape[-1] + 1))
    matrix[:, 0, :-1, :-1] = gram
    matrix[:, 0, :f, -1] = matrix[:, 0, -1, :f] = fixed_left
    lambdas = [np.array(grid)[None] for grid in population.grids]
    sums = np.concatenate([leaves, left[:, None]], axis=1)[:, None]
    matrix, log_det, _ = _eliminate_areas(matrix, sums, lambdas, areas, predict=True)
    matrix, rest = _eliminate_fixed(matrix, data.precision)
    noise = exposure.variance - np.where(use, x**2 / np.where(use, weight, 1.0), 0.0).sum(axis=-1)
    noise = np.where(complete, 0.0, np.maximum(noise, 0.0))
    grid = np.array(list(product(*population.grids))).reshape(prod(map(len, population.grids)), -1)
    return Fit(
        data,
        x,
        weight,
        responses,
        counts.sum(axis=-1),
        -matrix[..., :-1, -1],
        matrix[..., :-1, :-1],
        np.where(complete[:, None], 0.0, noise[:, None] + grid @ areas.hidden - matrix[..., -1, -1]),
        _prior(grid, constants) - (log_det + rest) / 2,
        stations,
        float(exposure.columns[0]),
        grid,
        areas,
    )


def model_residuals(fitted: Fit, point: IntArray) -> Array:
    """Give √ω times what the model leaves of every response at one grid point of each replicate.

    Parameters
    ----------
    point : numpy.ndarray of intp, shape (B,)

    Returns
    -------
    numpy.ndarray, shape (B, ρ, n)
        0 where a station is not used.
    """
    data, areas = fitted.data, fitted.areas
    f = data.fixed.shape[1]
    columns = np.concatenate([data.fixed, fitted.responses], axis=1)
    depth = data.population.tree.depth
    gram, leaves = _sums(columns, fitted.weight, areas)
    lambdas = [fitted.grid[point, level][:, None] for level in range(depth)]
    matrix, _, passed = _eliminate_areas(gram[:, None], leaves[:, None], lambdas, areas, predict=False)
    inner = matrix[:, 0, :f, :f] + np.diag(data.precision)
    beta = np.linalg.solve(inner, matrix[:, 0, :f, f:])
    left = fitted.responses - np.swapaxes(beta, -1, -2) @ data.fixed
    effect = np.zeros((*left.shape[:2], 1))  # of the areas of one level, those above included
    for level in range(depth - 1, -1, -1):
        sums, lam = passed[level][:, 0], lambdas[level][:, :, None]
        if level < depth - 1:
            effect = effect[..., areas.parents[level]]
        own = sums[:, f:] - np.swapaxes(beta, -1, -2) @ sums[:, :f] - effect * sums[:, :1]
        effect = effect + own * lam / (1 + lam * sums[:, :1])
    if depth:
        left = left - np.take_along_axis(effect, areas.code[:, None], axis=-1)
    return np.asarray(left * np.sqrt(fitted.weight)[:, None])


def _sums(columns: Array, weight: Array, areas: ObservedAreas) -> tuple[Array, Array]:
    """Give weighted products of columns (B, c, c), and weighted sums by area (B, c, m)."""
    weighted = columns * weight[:, None]
    leaves = stratum_sums(np.swapaxes(weighted, -1, -2), areas.code, areas.number)
    return weighted @ np.swapaxes(columns, -1, -2), np.ascontiguousarray(np.swapaxes(leaves, -1, -2))


def _eliminate_areas(
    matrix: Array, leaves: Array, lambdas: list[Array], areas: ObservedAreas, *, predict: bool
) -> tuple[Array, Array, list[Array]]:
    """Eliminate the areas of each level from the finest on.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (B, 1, c, c)
        Products of what is not an area.
    leaves : numpy.ndarray, shape (B, 1, c, m)
        Its products with the finest areas; the first row is that of the intercept, a = Σ ω.
    lambdas : list of numpy.ndarray, each of shape (1, g) or (B, g)
        By level.
    predict : bool
        The last row is l.

    Returns
    -------
    matrix : numpy.ndarray, shape (B, G, c, c)
    log_det : numpy.ndarray, shape (B, G)
        Σ log(1 + λ a): log determinant of the areas' part and Σ m log λ.
    passed : list of numpy.ndarray, each of shape (B, …, c, m)
        What each level had when its turn came.
    """
    log_det = np.zeros(matrix.shape[:2])
    passed, sums = [], leaves
    for level, lam in enumerate(lambdas):
        passed.append(sums)
        lam = lam[:, None, :, None]
        grown = 1 + lam * sums[:, :, None, 0]  # (B, G, g, m)
        scaled = sums[:, :, None] / grown[:, :, :, None]
        lost = (scaled * lam[..., None]) @ np.swapaxes(sums, -1, -2)[:, :, None]
        matrix = _merged(matrix[:, :, None] - lost)
        log_det = _merged(log_det[:, :, None] + np.log(grown).sum(axis=-1))
        if level < len(lambdas) - 1:
            sums = _merged(np.add.reduceat(scaled, areas.begins[level], axis=-1))
            if predict:
                sums[..., -1, :] += areas.unseen[level]
    return matrix, log_det, passed


def _merged(values: Array) -> Array:
    """Lay the axes of two levels' grids, the second and the third, on one."""
    return values.reshape(values.shape[0], -1, *values.shape[3:])


def _eliminate_fixed(matrix: Array, precision: Array) -> tuple[Array, Array]:
    """Eliminate the columns without a random effect one by one; return the rest and their log determinant."""
    log_det = np.zeros(matrix.shape[:2])
    for own in precision:
        pivot = matrix[..., 0, 0] + own
        row = matrix[..., 0, 1:]
        matrix = matrix[..., 1:, 1:] - row[..., :, None] * (row / pivot[..., None])[..., None, :]
        log_det += np.log(pivot)
    return matrix, log_det


def _prior(grid: Array, constants: Constants) -> Array:
    """Give the log prior of each grid point: half-Cauchy of √λ on points evenly spaced in log λ."""
    return np.asarray((np.log(grid) / 2 - np.log1p(grid / constants.area_scale**2)).sum(axis=-1))
