"""Results by area: a map where places or outlines are known, tiles where they are not, and a table."""

from estimation.boundaries import Boundaries
from estimation.contest import share_name
from estimation.publish.colors import text_on
from estimation.publish.figures.symbols import NOTHING
from estimation.publish.page_table import Cell, PageTable
from estimation.publish.part import AreaResults, AreaTile, Part
from estimation.publish.reports.projection.area_map import Tile, area_map, tile_of
from estimation.publish.reports.projection.view import View

SHARES_SHOWN = 3  # candidates in the table, largest first


def areas(v: View, boundaries: Boundaries | None = None) -> Part:
    """Show who is ahead where, as a map or as tiles, and the shares with their intervals."""
    p, w = v.p, v.w
    if p.estimate is None or not p.areas:
        return Part("areas")
    level = p.areas[0].level
    tiles = [tile_of(v, area) for area in p.areas]
    finding = _finding(v, tiles)
    drawn = area_map(v, tiles, boundaries, finding)
    note = (
        drawn.note
        if drawn.figure
        else f"{w('areas.tile_note', what=w(f'areas.of_{level}'), level=v.level)} {drawn.note}"
    )
    shown = v.ranked(p.estimate, SHARES_SHOWN)
    header = [w("progress.area"), w("areas.in"), *(v.name(c) for c in shown)]
    rows: list[list[Cell]] = []
    for tile in tiles:
        inside = f"{w.whole(tile.area.used)} / {w.whole(tile.area.drawn)}"
        rows.append([tile.name, inside, *v.shown(tile.area.estimate, [share_name(c.number) for c in shown])])
    return AreaResults(
        "areas",
        w(f"areas.heading_{level}"),
        (finding,),
        figure=drawn.figure,
        note=note.strip(),
        table=PageTable.of(header, rows),
        caption=w("areas.caption", level=v.level),
        tiles=() if drawn.figure else tuple(_painted(v, tile) for tile in tiles),
    )


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


def _painted(v: View, tile: Tile) -> AreaTile:
    """Colour a tile; a filled one is sure, an outlined one is not."""
    color = v.color(tile.leader) if tile.leader else NOTHING
    return AreaTile(
        place=tile.name,
        color=color,
        ink=text_on(color) if tile.sure else "",
        number=str(tile.leader.number) if tile.leader else "",
        leader=v.name(tile.leader) if tile.leader else v.w("progress.none"),
        share=tile.share.value if tile.leader else "",
        sure=tile.sure,
        sentence=v.w("areas.sure" if tile.sure else "areas.unsure", lead=tile.lead) if tile.leader else "",
        inside=f"{v.w.whole(tile.area.used)} / {v.w.whole(tile.area.drawn)}",
        width=100 * tile.area.used / tile.area.drawn,
    )
