"""What is in, what is out and what is kept out: by area, and by officer."""

from dataclasses import dataclass

from estimation.projection.officers import Duty, roster
from estimation.publish.page_table import Cell, Count, Filled, PageTable, Where
from estimation.publish.part import ReturnsProgress
from estimation.publish.reports.projection.view import View
from estimation.words import isolated

DUTIES_SHOWN = 12  # officers or villages that owe most


@dataclass(frozen=True, slots=True)
class ProgressLine:
    """One row of a table of progress."""

    name: str
    above: str
    used: int
    drawn: int
    out: int
    kept_out: int

    @property
    def width(self) -> float:
        """Part that is in, in percent."""
        return 100 * self.used / self.drawn


def progress(v: View) -> ReturnsProgress:
    """Tabulate what is in by area, and who owes what."""
    p, w = v.p, v.w
    level = p.areas[0].level if p.areas else "district"
    several = len({a.path[:-1] for a in p.areas}) > 1
    areas = [
        ProgressLine(
            isolated(a.path[-1]),
            _above(a.path) if several else "",
            a.used,
            a.drawn,
            a.drawn - a.received,
            a.received - a.used,
        )
        for a in p.areas
    ]
    kept = int(p.counts.kept_out.sum())
    said = [
        w(
            "progress.said",
            used=w.whole(p.progress.used),
            drawn=w.whole(p.progress.drawn),
            out=w.whole(p.progress.drawn - p.progress.used - kept),
            kept=w.whole(kept),
        ),
        _said(v, areas, w(f"areas.of_{level}")),
    ]
    found = roster(p, named=p.contest.about.release == "internal")
    who = w(f"officers.of_{found.by}")
    duties = [_duty(duty, found.by) for duty in found.duties]
    owing = sorted((d for d in duties if d.out or d.kept_out), key=lambda d: (-d.out - d.kept_out, -d.drawn))
    notes = [_said(v, duties, who)]
    if found.trouble:
        notes.append(w("officers.trouble", why=found.trouble))
    if owing:
        notes.append(
            w("officers.shown", shown=w.whole(min(len(owing), DUTIES_SHOWN)), owing=w.whole(len(owing)), who=who)
        )
    return ReturnsProgress(
        "progress",
        w(f"progress.heading_{level}"),
        sentences=tuple(said),
        areas=_table(v, w("progress.area"), areas),
        who_heading=w(f"officers.heading_{found.by}"),
        notes=tuple(notes),
        duties=_table(v, w(f"officers.{found.by}"), owing[:DUTIES_SHOWN]),
    )


def _above(path: tuple[str, ...]) -> str:
    return isolated(path[-2]) if len(path) > 1 else ""


def _duty(duty: Duty, by: str) -> ProgressLine:
    place = isolated(duty.area[-1]) if duty.area else ""
    above = _above(duty.area)
    if by == "officer":
        where = f"{place}, {above}" if above else place
        return ProgressLine(isolated(duty.officer), where, duty.used, duty.drawn, duty.out, duty.kept_out)
    who = f"{above} · {isolated(duty.officer)}" if duty.officer else above
    return ProgressLine(place, who, duty.used, duty.drawn, duty.out, duty.kept_out)


def _said(v: View, lines: list[ProgressLine], what: str) -> str:
    """Say how many are complete, and how many have sent nothing."""
    w = v.w
    whole = sum(one.used == one.drawn for one in lines)
    none = sum(one.used == 0 for one in lines)
    return w("progress.whole", n=w.whole(len(lines)), what=what, whole=w.whole(whole), none=w.whole(none))


def _table(v: View, first: str, lines: list[ProgressLine]) -> PageTable:
    w = v.w
    header = [first, w("progress.in_of"), w("progress.out"), w("progress.kept_out")]
    return PageTable.of(header, [_row(v, line) for line in lines], "owed")


def _row(v: View, line: ProgressLine) -> list[Cell]:
    w = v.w
    out, kept = w.whole(line.out), w.whole(line.kept_out)
    return [
        Where(line.name, line.above),
        Filled(f"{w.whole(line.used)} / {w.whole(line.drawn)}", line.width),
        Count(out, w("progress.out_of", n=out)) if line.out else Count("–"),
        Count(kept, w("progress.kept_of", n=kept), marked=True) if line.kept_out else Count("–"),
    ]
