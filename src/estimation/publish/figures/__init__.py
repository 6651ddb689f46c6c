"""The figures: data in, picture out, one function each."""

from estimation.publish.figures.against import Compared, Moment, beside, draw_course
from estimation.publish.figures.bars import Bar, signed_bars
from estimation.publish.figures.canvas import Figure
from estimation.publish.figures.charts import Curve, curves, strip
from estimation.publish.figures.convergence import Track, convergence
from estimation.publish.figures.dots import ShareRow, dot_and_interval
from estimation.publish.figures.ladder import Rung, ladder
from estimation.publish.figures.maps import scatter_map
from estimation.publish.figures.panels import Panel, panels
from estimation.publish.figures.symbols import Ground, Spot, symbol_map

__all__ = [
    "Bar",
    "Compared",
    "Curve",
    "Figure",
    "Ground",
    "Moment",
    "Panel",
    "Rung",
    "ShareRow",
    "Spot",
    "Track",
    "beside",
    "convergence",
    "curves",
    "dot_and_interval",
    "draw_course",
    "ladder",
    "panels",
    "scatter_map",
    "signed_bars",
    "strip",
    "symbol_map",
]
