"""Results and progress by area."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from estimation.arrays import Array
from estimation.columns import AREA_LEVELS
from estimation.contest import EstimateTable
from estimation.estimators import Outstanding, Weighting, domain
from estimation.frame import Frame
from estimation.returns import Counts
from estimation.rules import Notice
from estimation.sampling import Sample
from estimation.survey import Estimate

MOST_AREAS = 60  # more than these in one table are read by nobody; a coarser level is taken


@dataclass(frozen=True, slots=True)
class AreaResult:
    """One area.

    Attributes
    ----------
    level : str
    path : tuple of str
    drawn, received, used : int
        Stations in the sample, those with a return, those whose return is used.
    votes : numpy.ndarray, shape (k,)
        Votes counted in the stations that are used.
    estimate : Estimate or None
        Shares; None where fewer than two stations are used or they give no degree of freedom.
    """

    level: str
    path: tuple[str, ...]
    drawn: int
    received: int
    used: int
    votes: np.ndarray
    estimate: Estimate | None


def area_level(frame: Frame) -> str:
    """Choose the finest level that divides the frame into no more areas than a table can hold."""
    for level in ("district", "regency"):
        if 1 < len(frame.areas(level).paths) <= MOST_AREAS:
            return level
    return "province" if len(frame.areas("district").paths) > 1 else "village"


def by_area(
    frame: Frame,
    sample: Sample,
    counts: Counts,
    weighting: Weighting | None,
    numbers: list[int],
    level: str,
    table: EstimateTable,
    still_out: Array,
) -> tuple[AreaResult, ...]:
    """Estimate every area of a level that has a drawn station, in the frame's order.

    `still_out` are the ballots that each station of the frame could still bring, shape (N,).

    Without weights, where nothing can be projected, only the progress of each is given.
    """
    areas = frame.areas(level)
    codes = areas.codes[sample.rows]
    to_come = np.bincount(areas.codes, still_out)
    results = []
    for code in np.unique(codes):
        inside = codes == code
        used = inside & counts.seen
        # an area without a result is shown as such, and W309 counts it
        estimate = None
        if weighting is not None and counts.valid[used].sum() > 0 and used.sum() > 1:
            estimate = domain(counts, weighting, numbers, inside, table, Outstanding(float(to_come[code]), np.nan))
        if estimate is not None and not float(estimate.df) > 0 and np.any(estimate.variance > 0):
            estimate = None
        results.append(
            AreaResult(
                level,
                areas.paths[code][: AREA_LEVELS.index(level) + 1],
                int(inside.sum()),
                int((inside & (counts.seen | counts.kept_out)).sum()),
                int(used.sum()),
                counts.votes[used].sum(axis=0),
                estimate,
            )
        )
    return tuple(results)


def area_notices(areas: Sequence[AreaResult]) -> tuple[Notice, ...]:
    """Say once where the design's own variance took the place of the one that was asked for.

    W328 where that is so, for one reason, in every area that has an estimate, as it then is in the whole; else W329
    with the number of areas.
    """
    estimates = [area.estimate for area in areas if area.estimate is not None]
    replaced = [note for estimate in estimates for note in estimate.notes if note.code == "W328"]
    if not replaced:
        return ()
    if len(replaced) == len(estimates) and all(note == replaced[0] for note in replaced):
        return (replaced[0],)
    return (Notice("W329", {"count": len(replaced), "variance": replaced[0].values["variance"]}),)
