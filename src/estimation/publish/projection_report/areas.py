"""Results by area: a map where places are known, tiles where they are not, and a table."""

from dataclasses import dataclass

import numpy as np

from estimation.contest import Candidate
from estimation.estimators.quantities import share_name
from estimation.projection import AreaResult
from estimation.publish.colors import text_on
from estimation.publish.figures import Figure, Spot, symbol_map
from estimation.publish.figures.symbols import NOTHING
from estimation.publish.part import Cell, Part, Shown, lines_of
from estimation.publish.projection_report.view import View
from estimation.publish.template import render_part
from estimation.publish.words import isolated
from estimation.sampling.auxiliary import on_plane, places
from estimation.survey.structure import Array, group_sums

SHARES_SHOWN = 3  # candidates in the table, largest first
KNOWN = 0.8  # of the areas must have a place for a map


@dataclass(frozen=True, slots=True)
class Tile:
    """One area as a tile or a row.

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


def areas(v: View) -> Part:
    """Show who is ahead where, as a map or as tiles, and the shares with their intervals."""
    p, w = v.p, v.w
    if p.estimate is None or not p.areas:
        return Part("areas", "", "")
    level = p.areas[0].level
    tiles = [_tile(v, area) for area in p.areas]
    finding = _finding(v, tiles)
    figure = _map(v, tiles, finding)
    shown = v.ranked(p.estimate, SHARES_SHOWN)
    header = [w("progress.area"), w("areas.in"), *(v.name(c) for c in shown)]
    rows: list[list[Cell]] = []
    for tile in tiles:
        inside = f"{w.whole(tile.area.used)} / {w.whole(tile.area.drawn)}"
        rows.append([tile.name, inside, *v.shown(tile.area.estimate, [share_name(c.number) for c in shown])])
    caption = w("areas.caption", level=v.level)
    html = render_part(
        "areas",
        w=w,
        heading=w(f"areas.heading_{level}"),
        finding=finding,
        figure=figure,
        note=w("areas.map_note" if figure else "areas.tile_note", what=w(f"areas.of_{level}"), level=v.level),
        tiles=[] if figure else [_painted(v, tile) for tile in tiles],
        header=header,
        rows=rows,
        caption=caption,
    )
    return Part("areas", "\n".join([finding, *lines_of(header, rows), caption]), html)


def _tile(v: View, area: AreaResult) -> Tile:
    if area.estimate is None:
        nothing = Shown("–", "–", "–")
        return Tile(area, None, nothing, nothing, sure=False)
    leader, second = v.pair(area.estimate)
    lead = v.lead(area.estimate, leader, second)
    low = v.values(lead)["lead"][1]
    (share,) = v.shown(area.estimate, [share_name(leader.number)])
    (ahead,) = v.shown(lead, ["lead"], points=True)
    return Tile(area, leader, share, ahead, low > 0)


def _finding(v: View, tiles: list[Tile]) -> str:
    """Say in how many areas each is ahead, and in how many of these beyond chance."""
    w = v.w
    what = w(f"areas.of_{tiles[0].area.level}")
    said = []
    for candidate in v.candidates:
        own = [tile for tile in tiles if tile.leader == candidate]
        if own:
            sure = sum(tile.sure for tile in own)
            said.append(w("areas.ahead", name=v.name(candidate), n=w.whole(len(own)), sure=w.whole(sure)))
    none = sum(tile.leader is None for tile in tiles)
    text = w("areas.finding", what=what, n=w.whole(len(tiles)), said="; ".join(said))
    return f"{text} {w('areas.without', n=w.whole(none))}" if none else text


def _painted(v: View, tile: Tile) -> dict[str, object]:
    """Give a tile what the template needs; a filled one is sure, an outlined one is not."""
    color = v.color(tile.leader) if tile.leader else NOTHING
    return {
        "name": tile.name,
        "color": color,
        "ink": text_on(color) if tile.sure else "",
        "number": tile.leader.number if tile.leader else "",
        "leader": v.name(tile.leader) if tile.leader else v.w("progress.none"),
        "share": tile.share.value if tile.leader else "",
        "sure": tile.sure,
        "said": v.w("areas.sure" if tile.sure else "areas.unsure", lead=tile.lead) if tile.leader else "",
        "inside": f"{v.w.whole(tile.area.used)} / {v.w.whole(tile.area.drawn)}",
        "width": 100 * tile.area.used / tile.area.drawn,
    }


def _map(v: View, tiles: list[Tile], finding: str) -> Figure | None:
    """Draw the areas at their voters' centres; None where too few stations have a place."""
    degrees = places(v.p.frame)
    if degrees is None:
        return None
    points = on_plane(degrees)
    centre, voters = _centres(v, points)
    size = voters / voters.max()
    spots = [
        Spot(
            tile.name,
            float(centre[tile.area.path][0]),
            float(centre[tile.area.path][1]),
            float(size[i]),
            v.color(tile.leader) if tile.leader else NOTHING,
            v.marker(tile.leader) if tile.leader else ".",
            tile.sure,
        )
        for i, tile in enumerate(tiles)
        if tile.area.path in centre
    ]
    if len(spots) < KNOWN * len(tiles):
        return None
    ahead = [c for c in v.candidates if any(tile.leader == c for tile in tiles)]
    labels = [(v.name(c), v.color(c), v.marker(c), True) for c in ahead]
    labels.append((v.w("areas.open"), NOTHING, "o", False))
    return symbol_map(
        "areas", spots, points, alt=finding, labels=labels, length=lambda km: v.w("design.km", value=v.tick(km))
    )


def _centres(v: View, points: Array) -> tuple[dict[tuple[str, ...], Array], Array]:
    """Give each area's centre of voters in kilometres, by its path, and its voters in the order of the areas."""
    frame, level = v.p.frame, v.p.areas[0].level
    found = frame.areas(level)
    roll = np.where(np.isfinite(frame.registered), frame.registered, np.nanmean(frame.registered))
    known = np.isfinite(points).all(axis=1)
    number = len(found.paths)
    weight = group_sums(np.where(known, roll, 0.0), found.codes, number)
    sums = [group_sums(np.where(known, roll * points[:, j], 0.0), found.codes, number) for j in (0, 1)]
    places_of = dict(zip(found.paths, range(number), strict=True))
    centre = {path: np.array([part[i] / weight[i] for part in sums]) for path, i in places_of.items() if weight[i] > 0}
    voters = group_sums(roll, found.codes, number)
    return centre, np.array([voters[places_of[area.path]] for area in v.p.areas])
