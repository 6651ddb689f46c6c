"""The order of arrival as the predictor takes it."""

import numpy as np

from estimation.arrays import Array, BoolArray


def arrival_rank(received: Array, seen: BoolArray) -> Array:
    """Rank the stations that are in by first receipt, 1 … |A|, ties averaged.

    Parameters
    ----------
    received : numpy.ndarray, shape (…, n)
        Any number that grows with time; NaN where unknown.
    seen : numpy.ndarray of bool, shape (…, n)
        The station is in.

    Returns
    -------
    numpy.ndarray, shape (…, n)
        NaN where a station is not in. One without a time is put in the middle.
    """
    known = seen & np.isfinite(received)
    time = np.where(known, received, np.inf)
    order = np.argsort(time, axis=-1, kind="stable")
    ranked = np.take_along_axis(time, order, axis=-1)
    n = time.shape[-1]
    place = np.broadcast_to(np.arange(n), time.shape)
    fresh = np.ones(time.shape, dtype=np.bool_)
    fresh[..., 1:] = ranked[..., 1:] != ranked[..., :-1]
    last = np.ones(time.shape, dtype=np.bool_)
    last[..., :-1] = fresh[..., 1:]
    first_of = np.maximum.accumulate(np.where(fresh, place, 0), axis=-1)
    last_of = np.minimum.accumulate(np.where(last, place, n)[..., ::-1], axis=-1)[..., ::-1]
    rank = np.empty(time.shape)
    np.put_along_axis(rank, order, (first_of + last_of) / 2 + 1, axis=-1)
    arrived = seen.sum(axis=-1, keepdims=True)
    # those without a time leave room for themselves: ranks of the others are spread over 1 … |A|
    timed = known.sum(axis=-1, keepdims=True)
    spread = (rank - 0.5) * arrived / np.maximum(timed, 1) + 0.5
    return np.where(known, spread, np.where(seen, (arrived + 1) / 2, np.nan))


def slope_column(rank: Array | None, seen: BoolArray, x: Array, drawn: int) -> Array:
    """Give v, the place in the order of arrival from -½ to ½, with x-weighted mean 0 over the drawn stations.

    v_i = (rank_i - ½)/|S| - ½ for those in; those drawn and not in come later, with the mean p/2, and those that
    were not drawn have the mean of the drawn. Centred, the slope's contribution to what is out is -Σ_A x v, and
    exactly nothing once the sample is complete. Without an order everybody in is tied: then the slope can't be learnt
    and widens the interval instead.

    Parameters
    ----------
    rank : numpy.ndarray, shape (…, n), optional
        1 … |A|, ties averaged; NaN where unknown.
    seen : numpy.ndarray of bool, shape (…, n)
    x : numpy.ndarray, shape (…, n)
        Exposure of every drawn station.
    drawn : int
        |S|, at least n.
    """
    count = seen.sum(axis=-1, keepdims=True)
    tied = (count + 1) / 2
    place = np.broadcast_to(tied, seen.shape) if rank is None else np.where(np.isfinite(rank), rank, tied)
    v = np.where(seen, (place - 0.5) / drawn - 0.5, count / drawn / 2)
    more = (drawn - seen.shape[-1]) * x.mean(
        axis=-1, keepdims=True
    )  # drawn and not laid beside: as large as the others
    centre = ((x * v).sum(axis=-1, keepdims=True) + more * count / drawn / 2) / (x.sum(axis=-1, keepdims=True) + more)
    return np.where(seen, v - centre, 0.0)
