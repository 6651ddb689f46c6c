"""Calibration as a tool: the predictor's constants from a team's own past nights."""

from estimation.simulation.fit.past_night import DEFAULT, ConstantValues, Past, past, past_nights, score
from estimation.simulation.fit.search import GRIDS, Fitted, LeftOut, fit_constants
from estimation.simulation.fit.words import fit_document, fit_verdict, snippet

__all__ = [
    "DEFAULT",
    "GRIDS",
    "ConstantValues",
    "Fitted",
    "LeftOut",
    "Past",
    "fit_constants",
    "fit_document",
    "fit_verdict",
    "past",
    "past_nights",
    "score",
    "snippet",
]
