"""Every area of the projection against its official result."""

from dataclasses import dataclass

import numpy as np

from estimation.arrays import Array
from estimation.columns import AREA_LEVELS
from estimation.contest import share_name
from estimation.evaluation.errors_vs_official import Coverage, ErrorVsOfficial, coverage, error_vs_official
from estimation.evaluation.official import Official
from estimation.frame import Frame
from estimation.projection import Projection


@dataclass(frozen=True, slots=True)
class AreaErrors:
    """One area.

    Attributes
    ----------
    level : str
    path : tuple of str
    drawn, used : int
    stations : int
        Of the frame, in it, with an official count.
    shares : tuple of ErrorVsOfficial
        Every candidate, in the order of the ballot; official values are those of the frame's stations.
    """

    level: str
    path: tuple[str, ...]
    drawn: int
    used: int
    stations: int
    shares: tuple[ErrorVsOfficial, ...]


def area_errors(projection: Projection, frame: Frame, official: Official) -> tuple[AreaErrors, ...]:
    """Hold the projection's areas against their official results, in its order.

    Official stations that the frame doesn't know are in no area.
    """
    if not projection.areas:
        return ()
    level = projection.areas[0].level
    areas = frame.areas(level)
    depth = AREA_LEVELS.index(level) + 1
    at = {path[:depth]: code for code, path in enumerate(areas.paths)}
    inside = official.rows >= 0
    votes = np.zeros((len(areas.paths), len(projection.contest.candidates)))
    code = areas.codes[official.rows[inside]]
    np.add.at(votes, code, official.counts.votes[inside])
    stations = np.bincount(code, minlength=len(areas.paths))
    names = [share_name(candidate.number) for candidate in projection.contest.candidates]
    found = []
    for area in projection.areas:
        here = at[area.path]
        judged = zip(names, _shares(votes[here]), strict=True)
        shares = (
            error_vs_official(area.estimate, name, projection.contest.about.level, truth) for name, truth in judged
        )
        found.append(AreaErrors(level, area.path, area.drawn, area.used, int(stations[here]), tuple(shares)))
    return tuple(found)


def area_coverage(areas: tuple[AreaErrors, ...], official: Official) -> tuple[Coverage, ...]:
    """Count, for each candidate, the areas whose interval held his official share."""
    names = [share_name(candidate.number) for candidate in official.contest.candidates]
    return tuple(coverage(name, [area.shares[i] for area in areas]) for i, name in enumerate(names))


def _shares(votes: Array) -> list[float]:
    total = votes.sum()
    return (votes / total if total > 0 else np.full(len(votes), np.nan)).tolist()
