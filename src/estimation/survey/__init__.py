"""Numbers only: designs, estimators' influence, covariances and intervals, arrays in and arrays out."""

from estimation.survey.collapse import collapse
from estimation.survey.estimate import Estimate
from estimation.survey.intervals import Bounds, t_interval
from estimation.survey.ratio import Linear, ratio
from estimation.survey.structure import Structure

__all__ = ["Bounds", "Estimate", "Linear", "Structure", "collapse", "ratio", "t_interval"]
