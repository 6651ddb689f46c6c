"""Calibration as a tool: the predictor's constants from a team's own past nights."""

from estimation.simulation.fit.past import DEFAULT, ConstantValues, Past, past, past_nights, score
from estimation.simulation.fit.search import GRIDS, Fitted, LeftOut, fit
from estimation.simulation.fit.words import document, snippet, verdict

__all__ = [
    "DEFAULT",
    "GRIDS",
    "ConstantValues",
    "Fitted",
    "LeftOut",
    "Past",
    "document",
    "fit",
    "past",
    "past_nights",
    "score",
    "snippet",
    "verdict",
]
