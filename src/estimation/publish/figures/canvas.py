"""The canvas that all figures are drawn on: plain, bare, the same each time."""

import base64
import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import escape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

MARKERS = ("o", "s", "D", "^", "v", "P", "X", "p", "h", "<", ">", "*")
INK, QUIET, LINE = "#1c1c1a", "#6b6a64", "#d9d6cc"
WIDTHS = {"wide": 7.2, "narrow": 3.5}  # inches at 100 px: a desktop column and a phone
Tick = Callable[[float], str]
_FONT = "font-family: 'Source Sans 3', 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif"
_KEPT: "ContextVar[list[Canvas] | None]" = ContextVar("kept", default=None)


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture in two widths and the sentence that says what it shows."""

    svg: dict[str, str]
    alt: str

    @property
    def standalone(self) -> str:
        """The wide picture as SVG that needs nothing around it."""
        box, _, content = self.svg["wide"].partition('viewBox="')[2].partition('"')
        _, _, width, height = box.split()
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="{box}" width="{width}" height="{height}" role="img" style="{_FONT}">'
            f"<title>{escape(self.alt)}</title>{content.partition('>')[2]}"
        )

    @property
    def address(self) -> str:
        """The same as the address of an image."""
        return f"data:image/svg+xml;base64,{base64.b64encode(self.standalone.encode()).decode('ascii')}"


@contextmanager
def keeping_canvases() -> "Iterator[list[Canvas]]":
    """Keep the Matplotlib figures that are drawn inside, in the order of drawing, for callers that need them."""
    canvases: list[Canvas] = []
    token = _KEPT.set(canvases)
    try:
        yield canvases
    finally:
        _KEPT.reset(token)


def canvas(
    salt: str,
    width: float,
    height: float,
    draw: "Callable[[Axes, bool], None]",
    ticks: tuple[Tick, Tick],
    box: tuple[float, float, float, float] | None = None,
) -> str:
    """Set a plain canvas with one pair of axes up, let `draw` fill it, and give it as a bare picture.

    The box of the axes is left, bottom, width and height as parts of the canvas; by default with
    room for values at the left and below.
    """

    def fill(whole: "Canvas") -> None:
        axes = whole.add_axes(box or (0.42 / width, 0.32 / height, 1 - 0.5 / width, 1 - 0.6 / height))
        furnish(axes, ticks, width)
        draw(axes, width > 5)

    return paint(salt, width, height, fill)


def paint(salt: str, width: float, height: float, fill: "Callable[[Canvas], None]") -> str:
    """Set an empty canvas up, let `fill` put axes on it, and give it as a bare picture.

    Parameters
    ----------
    salt : str
        Unique on the page; ids in the picture come from it.
    width, height : float
        Inches.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as Canvas

    style: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": salt,
        "font.family": "sans-serif",
        "font.size": 10,
        "text.parse_math": False,  # a name with dollar signs is no formula
    }
    kept = _KEPT.get()
    with mpl.rc_context(style), warnings.catch_warnings():
        # letters stay letters, and the reader's fonts draw them: one missing on this machine does not matter
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        whole = Canvas(figsize=(width, height), dpi=100)
        FigureCanvasSVG(whole)
        fill(whole)
        if kept is not None:
            kept.append(whole)
        stream = io.StringIO()
        whole.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _bare(stream.getvalue())


def shortened(text: str, most: int) -> str:
    """Cut a name to so many characters; what is cut is marked, and the table beside the picture has all of it."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def furnish(axes: "Axes", ticks: tuple[Tick, Tick], width: float) -> None:
    """Make axes plain: few values, written as the page's readers do, and no frame."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    for axis, tick in zip((axes.xaxis, axes.yaxis), ticks, strict=True):
        axis.set_major_locator(MaxNLocator(4 if width < 5 else 7, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(FuncFormatter(lambda value, _, tick=tick: tick(value)))
    axes.tick_params(colors=QUIET, length=0, pad=4)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_axisbelow(True)


def _bare(svg: str) -> str:
    """Keep what a page needs: no document type, metadata, style sheet or fixed size, no ids but those in use."""
    svg = svg[svg.index("<svg") :]
    for name in ("metadata", "style"):
        svg = _without(svg, name)
    head, content = svg.split(">", 1)
    box = head.partition('viewBox="')[2].partition('"')[0]
    svg = f'<svg viewBox="{box}" aria-hidden="true" focusable="false">{content}'
    for name in set(re.findall(r' id="([^"]+)"', svg)):
        if f"#{name}" not in svg:
            svg = svg.replace(f' id="{name}"', "")
    svg = re.sub(r"font-family: [^;\"]*;?", "", svg)
    svg = re.sub(r"\s*\n\s*", " ", svg)
    return svg.strip()


def _without(svg: str, name: str) -> str:
    """Leave out every element of a name that matplotlib writes without nesting it."""
    while (start := svg.find(f"<{name}")) >= 0:
        svg = svg[:start] + svg[svg.index(f"</{name}>", start) + len(f"</{name}>") :]
    return svg
