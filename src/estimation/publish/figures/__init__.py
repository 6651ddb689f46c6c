"""The figures: data in, picture out, one function each."""

from estimation.publish.figures.against import Compared, Moment, beside, course
from estimation.publish.figures.bars import Bar, signed_bars
from estimation.publish.figures.canvas import Figure
from estimation.publish.figures.charts import Line, curves, strip
from estimation.publish.figures.dots import Row, dot_and_interval
from estimation.publish.figures.maps import scatter_map
from estimation.publish.figures.panels import Panel, panels

__all__ = [
    "Bar",
    "Compared",
    "Figure",
    "Line",
    "Moment",
    "Panel",
    "Row",
    "beside",
    "course",
    "curves",
    "dot_and_interval",
    "panels",
    "scatter_map",
    "signed_bars",
    "strip",
]
