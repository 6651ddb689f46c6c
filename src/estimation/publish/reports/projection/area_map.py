"""An area and who is ahead there, and the map of areas.

It is drawn over outlines where boundaries are given, over stations where these have a place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from estimation.arrays import Array, group_sums
from estimation.boundaries import AreaPath, Boundaries
from estimation.contest import Candidate, share_name
from estimation.projection import AreaResult
from estimation.publish.colors import lighter
from estimation.publish.figures import Figure, Ground, Spot, symbol_map
from estimation.publish.figures.symbols import NOTHING
from estimation.publish.page_table import Shown
from estimation.publish.reports.projection.view import View
from estimation.sampling.auxiliary import on_plane, places
from estimation.words import isolated

if TYPE_CHECKING:
    from shapely import MultiPolygon, Polygon
    from shapely.geometry.base import BaseGeometry

KNOWN = 0.8  # of the areas must have a place for a map
FINEST = 1 / 1500  # of the map's longer side, in outlines
MOST = 4000  # corners of all outlines
TINT = {True: 0.5, False: 0.18}  # of the leader's colour in an area's outline, where the lead is sure and where not


@dataclass(frozen=True, slots=True)
class Tile:
    """One area and who is ahead there.

    Attributes
    ----------
    area : AreaResult
    leader : Candidate or None
        None where there is no estimate.
    share, lead : Shown
        The leader's share, and how far he is ahead of the second there.
    sure : bool
        The interval of his lead leaves zero out.
    """

    area: AreaResult
    leader: Candidate | None
    share: Shown
    lead: Shown
    sure: bool

    @property
    def name(self) -> str:
        """The area's own name."""
        return isolated(self.area.path[-1])


def tile_of(v: View, area: AreaResult) -> Tile:
    """Find who is ahead in an area."""
    if area.estimate is None:
        nothing = Shown("–", "–", "–")
        return Tile(area, None, nothing, nothing, sure=False)
    leader, second = v.pair(area.estimate)
    lead = v.lead(area.estimate, leader, second)
    low = v.values(lead)["lead"][1]
    (share,) = v.shown(area.estimate, [share_name(leader.number)])
    (ahead,) = v.shown(lead, ["lead"], points=True)
    return Tile(area, leader, share, ahead, low > 0)


@dataclass(frozen=True, slots=True)
class AreaMap:
    """A map, if there is one, and what has to be said of it.

    Attributes
    ----------
    figure : Figure or None
    note : str
        How to read it, which areas it doesn't show, who made the outlines; or why outlines could not be used.
    """

    figure: Figure | None
    note: str


def area_map(v: View, tiles: Sequence[Tile], boundaries: Boundaries | None, finding: str) -> AreaMap:
    """Draw the areas over their outlines, or at their voters' centres."""
    w = v.w
    said = ""
    if boundaries is not None:
        found = boundaries.outlines(v.p.areas[0].level, [tile.area.path for tile in tiles])
        if len(found) >= KNOWN * len(tiles):
            return _outlined(v, tiles, boundaries, found, finding)
        counts = {"file": isolated(boundaries.path.name), "n": w.whole(len(found)), "of": w.whole(len(tiles))}
        said = w("areas.outlines_few", **counts)
    figure = _pointed(v, tiles, finding)
    if figure is not None:
        said = f"{w('areas.map_note', what=_what(v), level=v.level)} {said}"
    return AreaMap(figure, said.strip())


def _outlined(
    v: View, tiles: Sequence[Tile], boundaries: Boundaries, found: "Mapping[AreaPath, BaseGeometry]", finding: str
) -> AreaMap:
    """Draw the areas over their outlines; each mark stands where there is most room around it."""
    import shapely

    shown = [tile for tile in tiles if tile.area.path in found]
    shapes = np.array([found[tile.area.path] for tile in shown])
    degrees = shapely.get_coordinates(shapes)[:, ::-1]
    outlines = _simplified(shapely.set_coordinates(shapes, on_plane(degrees)).tolist())
    roomy = shapely.maximum_inscribed_circle(np.array([_largest(one) for one in outlines]))
    middles = shapely.get_coordinates(shapely.get_point(roomy, 0)).tolist()
    size = _voters(v, shown)
    spots = [_spot(v, tile, x, y, float(size[i])) for i, (tile, (x, y)) in enumerate(zip(shown, middles, strict=True))]
    rings = [
        (_rings(one), lighter(_color(v, tile), TINT[tile.sure])) for tile, one in zip(shown, outlines, strict=True)
    ]
    notes = [v.w("areas.outline_note", what=_what(v), level=v.level)]
    missing = [tile.name for tile in tiles if tile.area.path not in found]
    if missing:
        notes.append(v.w("areas.outlines_missing", names=", ".join(missing)))
    if boundaries.credit:
        notes.append(v.w("areas.credit", credit=isolated(boundaries.credit)))
    return AreaMap(_drawn(v, tiles, spots, Ground(np.empty((0, 2)), rings), finding), " ".join(notes))


def _pointed(v: View, tiles: Sequence[Tile], finding: str) -> Figure | None:
    """Draw the areas at their voters' centres; None where too few stations have a place."""
    degrees = places(v.p.frame)
    if degrees is None:
        return None
    points = on_plane(degrees)
    centre = _centres(v, points)
    size = _voters(v, tiles)
    spots = [
        _spot(v, tile, float(centre[tile.area.path][0]), float(centre[tile.area.path][1]), float(size[i]))
        for i, tile in enumerate(tiles)
        if tile.area.path in centre
    ]
    return _drawn(v, tiles, spots, Ground(points), finding) if len(spots) >= KNOWN * len(tiles) else None


def _drawn(v: View, tiles: Sequence[Tile], spots: Sequence[Spot], ground: Ground, finding: str) -> Figure:
    ahead = [c for c in v.candidates if any(tile.leader == c for tile in tiles)]
    labels = [(v.name(c), v.color(c), v.marker(c), True) for c in ahead]
    labels.append((v.w("areas.open"), NOTHING, "o", False))
    return symbol_map(
        "areas", spots, ground, alt=finding, labels=labels, length=lambda km: v.w("design.km", value=v.tick(km))
    )


def _spot(v: View, tile: Tile, x: float, y: float, size: float) -> Spot:
    return Spot(tile.name, x, y, size, _color(v, tile), v.marker(tile.leader) if tile.leader else ".", tile.sure)


def _color(v: View, tile: Tile) -> str:
    return v.color(tile.leader) if tile.leader else NOTHING


def _what(v: View) -> str:
    return v.w(f"areas.of_{v.p.areas[0].level}")


def _voters(v: View, tiles: Sequence[Tile]) -> Array:
    """Give each area's registered voters as a part of the largest's."""
    found = v.p.frame.areas(v.p.areas[0].level)
    sums = group_sums(_roll(v), found.codes, len(found.paths))
    of = dict(zip(found.paths, sums, strict=True))
    voters = np.array([of[tile.area.path] for tile in tiles])
    return np.asarray(voters / voters.max())


def _roll(v: View) -> Array:
    """Give each station's registered voters, the mean of the others where they are unknown."""
    registered = v.p.frame.registered
    return np.where(np.isfinite(registered), registered, np.nanmean(registered))


def _centres(v: View, points: Array) -> dict[AreaPath, Array]:
    """Give each area's centre of voters in kilometres, by its path."""
    found, roll = v.p.frame.areas(v.p.areas[0].level), _roll(v)
    known = np.isfinite(points).all(axis=1)
    number = len(found.paths)
    weight = group_sums(np.where(known, roll, 0.0), found.codes, number)
    sums = [group_sums(np.where(known, roll * points[:, j], 0.0), found.codes, number) for j in (0, 1)]
    return {
        path: np.array([part[i] / weight[i] for part in sums]) for i, path in enumerate(found.paths) if weight[i] > 0
    }


def _simplified(outlines: "Sequence[BaseGeometry]") -> "list[MultiPolygon]":
    """Take corners out that nobody sees, the same ones on both sides of a border; specks go, but an area's largest."""
    import shapely

    west, south, east, north = shapely.total_bounds(outlines)
    tolerance = max(east - west, north - south) * FINEST
    while True:
        simpler = shapely.coverage_simplify(outlines, tolerance)
        kept = [_without_specks(one, tolerance) for one in simpler]
        if int(shapely.get_num_coordinates(kept).sum()) <= MOST or tolerance > (east - west + north - south):
            return kept
        tolerance *= 1.5


def _without_specks(outline: "BaseGeometry", side: float) -> "MultiPolygon":
    """Leave islands out that are smaller than a square of this side."""
    import shapely

    parts = shapely.get_parts(outline)
    areas = shapely.area(parts)
    return shapely.MultiPolygon(parts[(areas >= side**2) | (areas == areas.max())].tolist())


def _largest(outline: "MultiPolygon") -> "Polygon":
    return max(outline.geoms, key=lambda part: part.area)


def _rings(outline: "MultiPolygon") -> list[Array]:
    """Give the rings, holes against the direction of what they are in, so that a filled path leaves them out."""
    from shapely.geometry.polygon import orient

    return [np.asarray(ring.coords) for part in map(orient, outline.geoms) for ring in (part.exterior, *part.interiors)]
