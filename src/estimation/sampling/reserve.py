"""A reserve list: stations that may stand in for drawn ones that can't be observed.

When a reserve may be used: only when the drawn station did not open, was merged with another or
can't be reached (flood, no road, no signal, no officer), and this is recorded with its reason
before anybody knows the reserve's count. Never because of a count, because a count is late, or
because a station seems odd. The next reserve on the list is taken, see :func:`next_reserve`, and
none is skipped. In practice about 93 of 6,000 stations are unreachable, so a reserve of a few
per cent is enough.

A reserve keeps the number of stations in each stratum. It does not make up for the difference
between stations that can be reached and those that can't: replaced stations are to be reported.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from estimation.arrays import IntArray
from estimation.errors import DesignError
from estimation.frame import Frame
from estimation.sampling.strata import Strata


@dataclass(frozen=True, slots=True)
class Reserve:
    """Ordered replacements.

    Attributes
    ----------
    rows : numpy.ndarray of intp, shape (m,)
        Rows of the frame, stratum by stratum, in the order of use; none of them is drawn.
    stratum : numpy.ndarray of intp, shape (m,)
        The stratum that each may be used in: its own.
    order : numpy.ndarray of intp, shape (m,)
        Its place in that stratum's list, from 1.
    village : numpy.ndarray of intp, shape (m,)
        Its village, as ``frame.areas("village")`` numbers them.
    """

    rows: IntArray
    stratum: IntArray
    order: IntArray
    village: IntArray

    def __len__(self) -> int:
        return len(self.rows)


def reserve(
    frame: Frame,
    strata: Strata,
    rows: IntArray,
    *,
    per_stratum: int | None = None,
    share: float | None = None,
    rng: np.random.Generator,
) -> Reserve:
    """Draw an ordered reserve list in every stratum.

    Going through the stratum's drawn stations in random order, again and again, each brings one
    reserve to the list: a station of its own village, drawn at random among those that are neither
    drawn nor in reserve, and where the village has none left, one of the rest of the stratum.

    Parameters
    ----------
    frame : Frame
    strata : Strata
        Over the whole frame, N stations in H strata.
    rows : numpy.ndarray of intp, shape (n,)
        The drawn stations.
    per_stratum : int, optional
        Reserves m_h ≥ 0 of each stratum that has a drawn station.
    share : float, optional
        Instead, reserves as a share of the drawn stations, in (0, ∞): m_h = ⌈share · n_h⌉.
    rng : numpy.random.Generator
        Use another stream than the draw's: ``generator(seed, "reserve")``.

    Returns
    -------
    Reserve
        A stratum with fewer than m_h stations left gives all of them.

    Raises
    ------
    DesignError
        Neither or both of ``per_stratum`` and ``share`` are given, or one is out of range; a drawn
        row stands there twice or is not in the frame.
    """
    drawn = _drawn(frame, rows)
    wanted = _wanted(np.bincount(strata.codes[rows], minlength=len(strata.labels)), per_stratum, share)
    village = frame.areas("village").codes
    order = np.argsort(strata.codes, kind="stable")
    ends = np.cumsum(np.bincount(strata.codes, minlength=len(strata.labels)))
    lists = []
    for h in np.flatnonzero(wanted):
        inside = order[ends[h - 1] if h else 0 : ends[h]]
        taken = inside[drawn[inside]]
        left = inside[~drawn[inside]]
        lists.append(_one_stratum(village, rng.permutation(taken), rng.permutation(left), int(wanted[h])))
    empty = np.empty(0, dtype=np.intp)
    found = np.concatenate([empty, *lists]).astype(np.intp)
    places = np.concatenate([empty, *[np.arange(1, len(part) + 1) for part in lists]]).astype(np.intp)
    return Reserve(found, strata.codes[found], places, village[found])


def next_reserve(frame: Frame, strata: Strata, held: Reserve, failed: int, used: Collection[int] = ()) -> int | None:
    """Name the reserve that stands in for a station that can't be observed.

    The first unused one of the stratum's list that lies in the same village; where there is none,
    the first unused one of the list.

    Parameters
    ----------
    frame : Frame
    strata : Strata
    held : Reserve
    failed : int
        Row of the station that did not open or can't be reached; a reserve that failed too is
        replaced by the same rule.
    used : collection of int
        Rows of reserves that are in use or have failed.

    Returns
    -------
    int or None
        Row of the frame; None where the stratum's list is used up.
    """
    gone = np.isin(held.rows, np.fromiter((*used, failed), dtype=np.intp))
    free = ~gone & (held.stratum == strata.codes[failed])
    near = free & (held.village == frame.areas("village").codes[failed])
    found = held.rows[near] if near.any() else held.rows[free]
    return int(found[0]) if len(found) else None


def _drawn(frame: Frame, rows: IntArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Mark the drawn stations."""
    if len(rows) and (rows.min() < 0 or rows.max() >= len(frame)):
        raise DesignError(f"a drawn station is not among the {len(frame)} of the frame: draw again from this frame")
    drawn = np.zeros(len(frame), dtype=np.bool_)
    drawn[rows] = True
    if drawn.sum() < len(rows):
        raise DesignError("a station is drawn twice: the reserve list needs a sample without repetition")
    return drawn


def _wanted(drawn: IntArray, per_stratum: int | None, share: float | None) -> IntArray:
    """Give the number of reserves that each stratum should have, shape (H,)."""
    if (per_stratum is None) == (share is None):
        raise DesignError("a reserve list needs either per_stratum or share, one of them: say which")
    if per_stratum is not None:
        if per_stratum < 0:
            raise DesignError(f"reserve per stratum {per_stratum} is negative: ask for 0 or more")
        return np.where(drawn > 0, per_stratum, 0).astype(np.intp)
    assert share is not None
    if not 0 < share < np.inf:
        raise DesignError(f"reserve share {share} is no positive number: ask for a share such as 0.05")
    return np.asarray(np.ceil(share * drawn - 1e-9), dtype=np.intp)


def _one_stratum(village: IntArray, taken: IntArray, left: IntArray, wanted: int) -> IntArray:
    """Make one stratum's list; both inputs come in random order."""
    wanted = min(wanted, len(left))
    waiting = dict.fromkeys(left.tolist())  # in random order, with quick removal
    homes: dict[int, list[int]] = {}
    for row in reversed(left.tolist()):
        homes.setdefault(int(village[row]), []).append(row)
    found: list[int] = []
    for turn in range(wanted):
        home = homes.get(int(village[taken[turn % len(taken)]]), [])
        while home and home[-1] not in waiting:
            home.pop()
        row = home.pop() if home else next(iter(waiting))
        del waiting[row]
        found.append(row)
    return np.array(found, dtype=np.intp)
