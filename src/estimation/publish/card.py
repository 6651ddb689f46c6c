"""A picture of the projection for sharing, 1200 × 630: the verdict, shares with intervals, and what it is not."""

import io
import math
import textwrap
import warnings
from datetime import datetime
from typing import TYPE_CHECKING, Any

from estimation.publish.figures.canvas import INK, LINE, QUIET, shortened
from estimation.publish.reports.projection import ProjectionReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 1200, 630
SHOWN = 4  # candidates, largest share first
_LEFT, _RIGHT = 60, 1140
_BAR = (470, 960)  # where the intervals are drawn
_RIBBON = {"embargoed": ("#7c1d1d", "#ffffff"), "unregistered": ("#7c1d1d", "#ffffff"), "internal": ("#e9e6dc", INK)}
_SIGNAL = ("#fff3c4", INK)  # rehearsal and demo


def draw_card(report: ProjectionReport, status: str, until: datetime) -> bytes:
    """Draw the card as PNG; the same projection gives the same bytes.

    Parameters
    ----------
    status : str
        What the release rule says; anything but ``public`` is written across.
    until : datetime.datetime
        When the page may be published, on the contest's clock.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context({"font.family": ["DejaVu Sans"], "text.parse_math": False}), warnings.catch_warnings():
        # a box stands for a letter that the font lacks
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        whole = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100, facecolor="#fbfaf6")
        FigureCanvasAgg(whole)
        axes = whole.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(HEIGHT, 0))
        axes.set_axis_off()
        _head(axes, report, status, until)
        _shares(axes, report)
        _foot(axes, report)
        if status != "public":
            _across(axes, report.words(f"ribbon.title_{status}"))
        stream = io.BytesIO()
        whole.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


def find_fonts() -> None:
    """Find the card's fonts and open them, which is half of what the first card costs."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    whole = Figure(figsize=(1, 1))
    FigureCanvasAgg(whole)
    for family, weight in (("DejaVu Sans", "normal"), ("DejaVu Sans", "bold"), ("DejaVu Serif", "bold")):
        whole.text(0.5, 0.5, "0", family=family, weight=weight)
    whole.savefig(io.BytesIO(), format="png")


def _write(axes: "Axes", x: float, y: float, text: str, size: float, **how: Any) -> None:
    """Write a line of so many pixels, each name in the direction of its own letters."""
    axes.text(x, y, text, fontsize=size * 0.72, **{"color": INK, "va": "center", **how})


def _head(axes: "Axes", report: ProjectionReport, status: str, until: datetime) -> None:
    from matplotlib.patches import Rectangle

    w, about = report.words, report.projection.contest.about
    if status != "public":
        ground, ink = _RIBBON.get(status, _SIGNAL)
        axes.add_patch(Rectangle((0, 0), WIDTH, 40, color=ground))
        said = w(f"ribbon.{status}", moment=w.moment(until))
        _write(axes, WIDTH / 2, 20, shortened(said, 96), 18, color=ink, weight="bold", ha="center")
    axes.add_patch(Rectangle((_LEFT, 66), 12.2 * len(w("page.not_official")) + 22, 34, color="#7c1d1d"))
    _write(axes, _LEFT + 11, 83, w("page.not_official").upper(), 16, color="#ffffff", weight="bold")
    _write(axes, _RIGHT, 83, w("page.report"), 17, color=QUIET, ha="right")
    _write(axes, _LEFT, 138, shortened(about.title, 56), 34, weight="bold", family="DejaVu Serif")
    _write(axes, _LEFT, 196, report.status, 30, weight="bold", color=INK)
    for i, line in enumerate(textwrap.wrap(report.sentence(), 96)[:3]):
        _write(axes, _LEFT, 236 + 27 * i, line, 19, color=QUIET)


def _shares(axes: "Axes", report: ProjectionReport) -> None:
    v, estimate = report.view, report.projection.estimate
    if estimate is None:
        return
    values = v.values(estimate)
    candidates = v.ranked(estimate, SHOWN)
    rows = [values[f"share:{candidate.number}"] for candidate in candidates]
    low, high = min(row[1] for row in rows), max(row[2] for row in rows)
    pad = max(0.02, (high - low) * 0.08)
    low, high = max(0.0, low - pad), min(1.0, high + pad)

    def at(share: float) -> float:
        return _BAR[0] + (share - low) / (high - low) * (_BAR[1] - _BAR[0])

    step = min(84.0, 230 / len(rows))
    for i, (candidate, (value, down, up)) in enumerate(zip(candidates, rows, strict=True)):
        y, color = 326 + step * (i + 0.5), v.color(candidate)
        axes.plot([_LEFT + 17], [y], "o", color=color, markersize=25)
        _write(axes, _LEFT + 17, y, str(candidate.number), 19, color="#ffffff", weight="bold", ha="center")
        _write(axes, _LEFT + 46, y, shortened(v.name(candidate), 30), 21)
        axes.plot(_BAR, [y, y], color=LINE, linewidth=1.5, zorder=0)
        axes.plot([at(down), at(up)], [y, y], color=color, linewidth=7, solid_capstyle="butt", alpha=0.45)
        axes.plot([at(value)], [y], v.marker(candidate), color=color, markersize=11)
        _write(axes, _RIGHT, y - 9, v.w.percent(value), 28, weight="bold", ha="right", family="DejaVu Serif")
        _write(axes, _RIGHT, y + 19, f"{v.w.points(down)} – {v.w.points(up)}", 15, color=QUIET, ha="right")


def _foot(axes: "Axes", report: ProjectionReport) -> None:
    w, p = report.words, report.projection
    about = p.contest.about
    as_of = w("banner.as_of", moment=w.moment(p.contest.local(p.as_of))) if p.as_of else w("banner.untimed")
    share = p.progress.used / p.progress.drawn if p.progress.drawn else 0.0
    part = w.percent(math.floor(100 * share) / 100, 0)
    key = "banner.asked_all" if p.contest.returns.asked == "all" else "banner.stations"
    inside = w(key, used=w.whole(p.progress.used), drawn=w.whole(p.progress.drawn), percent=part)
    axes.plot([_LEFT, _RIGHT], [578, 578], color=LINE, linewidth=1.2)
    level = w("candidates.interval", level=w.level(about.level))
    paid = [w("banner.paid", sponsor=about.sponsor)] if about.sponsor else []
    paid += [w("banner.registration", registration=about.registration)] if about.registration else []
    _write(axes, _LEFT, 594, f"{as_of}. {inside}. {level}.", 15, color=QUIET)
    _write(axes, _LEFT, 615, shortened(". ".join(paid), 130), 14, color=QUIET)


def _across(axes: "Axes", word: str) -> None:
    for x, y in ((330, 300), (860, 470)):
        _write(axes, x, y, word.upper(), 110, color="#7c1d1d", alpha=0.09, weight="bold", rotation=18, ha="center")
