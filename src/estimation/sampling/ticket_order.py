"""The order of a draw by SHA-256, so that anybody can check it with ``sha256sum``.

As in Rivest's public sampler (R. L. Rivest, ``sampler.py``, 2011, which election audits use: the
hash of the seed, a comma and a count) and in his consistent sampling (2018: a station's ticket
depends on the seed and on that station alone, and the smallest tickets are drawn). Every station
gets a ticket number, SHA-256 of these bytes::

    seed , tps_id            UTF-8, one comma (0x2C) between, no blank and no line end

read as a number of 256 bits, the first byte the highest. The n_h smallest tickets of a stratum
are drawn, in ascending order. By hand, for the seed 4-1-6-2 and the station 0001::

    $ printf '%s' '4-1-6-2,0001' | sha256sum
    56b02b6f8b03abe88e7d26099c87ee5229872fb1a01b6141a318ed870e8700bb  -
"""

import hashlib
from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from estimation.arrays import IntArray
from estimation.errors import DesignError

Tickets = NDArray[np.uint64]

SPECIFICATION = (
    "ticket = SHA-256 of the UTF-8 bytes of seed + ',' + tps_id (no blank, no line end), a hexadecimal number; "
    "the n_h smallest tickets of each stratum are drawn, in ascending order"
)


def tickets(seed: int | str, tps_ids: Iterable[str], count: int | None = None) -> Tickets:
    """Compute the ticket number of each station.

    Parameters
    ----------
    seed : int or str
        The public random number as it was published, character by character: ``"4-1-6-2"``. The
        manifest holds it in this form.
    tps_ids : iterable of str, length N
        Codes, unique; leading zeros count.
    count : int, optional
        Hash ``seed,tps_id,count`` instead, for a further, independent order of the same stations.

    Returns
    -------
    numpy.ndarray of uint64, shape (N, 4)
        The 256 bits of each ticket, highest word first, so that comparing rows from the left is
        comparing the hexadecimal numbers.

    Raises
    ------
    DesignError
        The seed is empty; a code stands there twice, or is no text.
    """
    head, tail = f"{seed},", "" if count is None else f",{count}"
    if head == ",":
        raise DesignError("the seed is empty: give the public random number, for example --seed 4-1-6-2")
    ids = list(tps_ids)
    if len(set(ids)) < len(ids):
        twice = next(code for code, times in Counter(ids).items() if times > 1)
        raise DesignError(f"station '{twice}' stands in the frame twice, so it would have two tickets: keep one row")
    if not all(isinstance(code, str) for code in ids):
        wrong = next(code for code in ids if not isinstance(code, str))
        raise DesignError(f"tps_id {wrong!r} is no text, so its leading zeros are unknown: read codes as text")
    sha256 = hashlib.sha256
    digests = b"".join([sha256(f"{head}{code}{tail}".encode()).digest() for code in ids])
    return np.frombuffer(digests, dtype=">u8").reshape(-1, 4).astype(np.uint64)


def smallest(numbers: Tickets, stratum: IntArray, allocation: IntArray) -> IntArray:
    """Draw the stations with the smallest tickets of each stratum.

    Since every order of tickets is equally likely, this is simple random sampling without
    replacement in each stratum; one stratum makes it a simple draw.

    Parameters
    ----------
    numbers : numpy.ndarray of uint64, shape (N, 4)
        From :func:`tickets`.
    stratum : numpy.ndarray of intp, shape (N,)
        The stratum of each station, 0 … H - 1.
    allocation : numpy.ndarray of intp, shape (H,)
        Stations n_h to draw.

    Returns
    -------
    numpy.ndarray of intp, shape (n,)
        Rows of the frame, stratum by stratum, tickets ascending within.

    Raises
    ------
    DesignError
        A stratum has fewer stations than are to be drawn, or n_h is negative.
    """
    size = np.bincount(stratum, minlength=len(allocation))
    wrong = np.flatnonzero((allocation > size[: len(allocation)]) | (allocation < 0))
    if len(size) > len(allocation) or len(wrong):
        h = int(wrong[0]) if len(wrong) else len(allocation)
        asked = int(allocation[h]) if len(wrong) else "no number of"
        raise DesignError(
            f"stratum {h} has {int(size[h])} stations and {asked} are to be drawn: "
            f"allocate between 0 and N_h stations to each stratum"
        )
    order = np.lexsort((numbers[:, 3], numbers[:, 2], numbers[:, 1], numbers[:, 0], stratum))
    place = np.arange(len(order)) - np.repeat(np.cumsum(size) - size, size)
    return order[place < np.repeat(allocation, size)]


def sha256_order(tps_ids: Iterable[str], stratum: IntArray, allocation: IntArray, seed: int | str) -> IntArray:
    """Draw the n_h smallest tickets of each stratum: the design's order ``sha256``.

    Parameters
    ----------
    tps_ids : iterable of str, length N
        The frame's codes.
    stratum : numpy.ndarray of intp, shape (N,)
    allocation : numpy.ndarray of intp, shape (H,)
    seed : int or str

    Returns
    -------
    numpy.ndarray of intp, shape (n,)
        As :func:`estimation.sampling.selection.stratified` gives them.

    Raises
    ------
    DesignError
        See :func:`tickets` and :func:`smallest`.
    """
    return smallest(tickets(seed, tps_ids), stratum, allocation)
