"""One area as a tile, a row or a mark on the map."""

from dataclasses import dataclass

from estimation.contest import Candidate, share_name
from estimation.projection import AreaResult
from estimation.publish.page_table import Shown
from estimation.publish.projection_report.view import View
from estimation.words import isolated


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
