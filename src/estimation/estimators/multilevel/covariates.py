"""Standardised covariates of every station: an earlier election, size, the design's probabilities."""

from collections.abc import Sequence

import numpy as np

from estimation.arrays import Array, BoolArray
from estimation.baseline import PREFIX
from estimation.columns import nearest_name
from estimation.errors import EstimateError
from estimation.estimators.multilevel.tree import AreaTree
from estimation.frame import Frame

BASELINE, SIZE = "baseline", "size"
MOST_WORDS = 12  # different words of a column that becomes indicators
FLAT = 1e-9  # standard deviation, relative to the largest value, of what is constant
MISSING = 0.02  # share of stations without a value from which its absence is a covariate too


def covariates_for(
    frame: Frame,
    names: Sequence[str],
    x: Array,
    tree: AreaTree,
    probability: Array | None = None,
    indicators: Array | None = None,
) -> tuple[Array, tuple[str, ...]]:
    """Lay out the covariates, each with mean 0 and standard deviation 1 over the frame's stations.

    A value that is missing is the mean of its area, of the next wider one where that has none, and of the frame at
    last; that it is missing is a covariate of its own where that is the case at more than 2 % of the stations. The
    last column of a baseline is left out, as shares add up to one; so is what does not vary.

    Parameters
    ----------
    x : numpy.ndarray, shape (N,)
        Exposure, all positive.
    probability : numpy.ndarray, shape (N,), optional
        Inclusion probabilities.
    indicators : numpy.ndarray, shape (N, h), optional
        Of strata.

    Returns
    -------
    numpy.ndarray, shape (N, z)
    tuple of str

    Raises
    ------
    EstimateError
        A column is not in the frame, has too many words, or a probability is not positive.
    """
    raw: list[tuple[str, Array]] = []
    for name in names:
        raw += _columns(frame, name, x)
    if probability is not None:
        if probability.shape != (len(frame),) or not np.all(probability > 0):
            raise EstimateError(
                f"multilevel: probability needs {len(frame)} positive values, one for each station of the frame"
            )
        if _varies_within(probability, tree):
            raw.append(("log probability", np.log(probability)))
    if indicators is not None:
        raw += [(f"stratum {h + 1}", column) for h, column in enumerate(indicators.T)]
    found: list[Array] = []
    labels: list[str] = []
    missing: list[BoolArray] = []
    for name, values in raw:
        unknown = np.isnan(values)
        columns = [(name, _filled(values, unknown, tree))]
        if MISSING < unknown.mean() < 1 - MISSING and not any(np.array_equal(unknown, one) for one in missing):
            missing.append(unknown)
            columns.append((f"{name} unknown", unknown.astype(np.float64)))
        for label, column in columns:
            spread = float(column.std())
            if spread > FLAT * max(float(np.abs(column).max()), FLAT):
                labels.append(label)
                found.append((column - column.mean()) / spread)
    return (np.column_stack(found) if found else np.zeros((len(frame), 0))), tuple(labels)


def _columns(frame: Frame, name: str, x: Array) -> list[tuple[str, Array]]:
    """Give the columns that a covariate's name stands for; NaN where a station has no value."""
    if name == SIZE:
        return [(SIZE, np.log(x))]
    if name == BASELINE:
        columns = [column for column in frame.table.columns if column.startswith(PREFIX)]
        return [(column, frame.table[column].to_numpy(dtype=np.float64, na_value=np.nan)) for column in columns[:-1]]
    if name not in frame.table.columns:
        near = nearest_name(name, [BASELINE, SIZE, *frame.table.columns])
        hint = f"did you mean '{near}'?" if near else f"it has {', '.join(frame.table.columns)}"
        raise EstimateError(f"multilevel: covariate '{name}' is not in the frame: {hint}")
    column = frame.table[name]
    if column.dtype.kind in "fiub":
        return [(name, column.to_numpy(dtype=np.float64, na_value=np.nan))]
    words = column.value_counts().index
    if len(words) > MOST_WORDS:
        raise EstimateError(
            f"multilevel: covariate '{name}' has {len(words)} different words, at most {MOST_WORDS} can be told apart: "
            "make it a level"
        )
    unknown = column.isna().to_numpy()
    return [(f"{name} {word}", np.where(unknown, np.nan, (column == word).to_numpy())) for word in words[1:]]


def _varies_within(probability: Array, tree: AreaTree) -> bool:
    """Say whether probabilities differ by more than 1 % within the finest areas."""
    low, high = np.full(tree.areas, np.inf), np.zeros(tree.areas)
    np.minimum.at(low, tree.leaf, probability)
    np.maximum.at(high, tree.leaf, probability)
    return bool((high > 1.01 * low).any())


def _filled(values: Array, unknown: BoolArray, tree: AreaTree) -> Array:
    """Put the mean of the finest area that has any value where a station has none."""
    if not unknown.any():
        return values
    if unknown.all():
        return np.zeros_like(values)
    known = values[~unknown]
    count = np.bincount(tree.leaf[~unknown], minlength=tree.areas).astype(np.float64)
    total = np.bincount(tree.leaf[~unknown], known, tree.areas)
    code = tree.leaf
    filled = np.where(unknown, np.nan, values)
    for level in range(tree.depth):
        mean = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
        filled = np.where(np.isnan(filled), mean[code], filled)
        if level < tree.depth - 1:
            code = tree.parent(level)[code]
            count, total = (np.add.reduceat(part, tree.begins[level]) for part in (count, total))
    return np.where(np.isnan(filled), known.mean(), filled)
