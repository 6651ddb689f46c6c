"""Calibration as a tool: the predictor's constants from a team's own past nights."""

from estimation.simulation.fit.past import DEFAULT, Past, Point, past, past_nights, score
from estimation.simulation.fit.search import GRIDS, Fitted, Judged, fit
from estimation.simulation.fit.words import document, snippet, verdict

__all__ = [
    "DEFAULT",
    "GRIDS",
    "Fitted",
    "Judged",
    "Past",
    "Point",
    "document",
    "fit",
    "past",
    "past_nights",
    "score",
    "snippet",
    "verdict",
]
