"""The estimators for a DataFrame of counts, without a contest folder."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from estimation.contest import EstimateTable
from estimation.errors import EstimateError
from estimation.estimators import design_weighting
from estimation.estimators.precision import ratios
from estimation.survey import Estimate, Structure


def ratio(
    table: pd.DataFrame,
    votes: Sequence[str],
    *,
    total: str | None = None,
    strata: str | None = None,
    sizes: Mapping[object, int] | str | int | None = None,
    weight: str | None = None,
    variance: str = "auto",
    interval: str = "auto",
) -> Estimate:
    """Estimate ratios of totals from a stratified simple random sample in a DataFrame.

    θ_j = Σ w y_j / Σ w x with the stratified variance of its linearised values (Cochran 1977, section 6.11).

    Parameters
    ----------
    table : pandas.DataFrame
        A row for each station of the sample.
    votes : sequence of str
        Columns y_j, which name the estimates.
    total : str, optional
        Column x of the denominator; the sum of `votes` by default.
    strata : str, optional
        Column with the stratum of each station; one stratum by default.
    sizes : mapping, str or int, optional
        Stations of the population N_h in each stratum: by its value, or a column that holds it in every row, or one
        number where there is one stratum. Without them the population is taken as infinite: no finite-population
        correction.
    weight : str, optional
        Column of the weights; N_h/n_h by default, and 1 where no sizes are given.
    variance : str
        As in ``[estimate]``; ``auto`` is the stratified one.
    interval : str
        The interval that :meth:`estimation.survey.Estimate.interval` and ``.table()`` give.

    Returns
    -------
    Estimate
        ``.table()`` is a DataFrame with ``estimate``, ``se``, ``low``, ``high``, ``df``; ``.contrast(…)`` gives a lead.

    Raises
    ------
    EstimateError
        A column is missing, holds no number, a weight is not positive, or a stratum has no size or fewer stations than
        rows.
    """
    votes = list(votes)
    for column in [*votes, *(name for name in (total, strata, weight) if name)]:
        if column not in table.columns:
            raise EstimateError(f"column '{column}' is not in the table: it has {', '.join(map(str, table.columns))}")
    if not votes or not len(table):
        raise EstimateError("there is nothing to estimate: name columns of votes, and give a row for each station")
    y = _numbers(table, votes)
    x = _numbers(table, [total])[:, 0] if total else y.sum(axis=1)
    codes, labels = pd.factorize(table[strata]) if strata else (np.zeros(len(table), dtype=np.intp), pd.Index(["all"]))
    if (codes < 0).any():
        raise EstimateError(
            f"column '{strata}' is blank in row {int((codes < 0).argmax()) + 1}: give every row a stratum"
        )
    count = np.bincount(codes, minlength=len(labels))
    size = _sizes(table, sizes, codes, labels, count)
    if weight is not None:
        w = _numbers(table, [weight])[:, 0]
        if not (w > 0).all():
            raise EstimateError(f"column '{weight}' has {w[~(w > 0)][0]:g} for a weight: weights are positive")
    else:
        w = np.where(np.isfinite(size), size / count, 1.0)[codes]
    structure = Structure(w, np.asarray(codes, dtype=np.intp), size, "stratified")
    estimate = EstimateTable(variance=variance, interval=interval)  # type: ignore[arg-type]
    names = tuple(map(str, votes))
    inside = bool((y >= 0).all() and (y.sum(axis=1) <= x * (1 + 1e-12)).all())
    support = np.tile([0.0, 1.0] if inside else [-np.inf, np.inf], (len(votes), 1))
    return ratios(names, y, np.repeat(x[:, None], len(votes), axis=1), design_weighting(structure), estimate, support)


def _numbers(table: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    values = table[list(columns)].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
    if np.isnan(values).any():
        row, column = np.argwhere(np.isnan(values))[0]
        raise EstimateError(
            f"column '{columns[column]}' holds no number in row {row + 1}: leave the station out or mend it"
        )
    return np.asarray(values)


def _sizes(
    table: pd.DataFrame,
    sizes: Mapping[object, int] | str | int | None,
    codes: np.ndarray,
    labels: pd.Index,
    count: np.ndarray,
) -> np.ndarray:
    if sizes is None:
        return np.full(len(labels), np.inf)
    if isinstance(sizes, str):
        column = _numbers(table, [sizes])[:, 0] if sizes in table.columns else None
        if column is None:
            raise EstimateError(f"column '{sizes}' of sizes is not in the table")
        size = np.zeros(len(labels))
        size[codes] = column
        if not (size[codes] == column).all():
            raise EstimateError(f"column '{sizes}' has several sizes for one stratum: give one for each")
    elif isinstance(sizes, Mapping):
        missing = [label for label in labels if label not in sizes]
        if missing:
            raise EstimateError(f"stratum '{missing[0]}' has no size: add it to sizes")
        size = np.array([sizes[label] for label in labels], dtype=np.float64)
    else:
        size = np.full(len(labels), float(sizes))
    few = np.flatnonzero(size < count)
    if len(few):
        raise EstimateError(
            f"stratum '{labels[few[0]]}' has {size[few[0]]:g} stations and {count[few[0]]} rows here: mend its size"
        )
    return size
