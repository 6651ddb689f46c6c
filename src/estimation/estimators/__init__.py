"""What a projection uses by name: counts and a design in, an estimate out."""

from estimation.estimators.nonresponse import Adjustment, adjust, weight_responding
from estimation.estimators.quantities import Outstanding, combined_ratio, domain, estimate, swing
from estimation.estimators.weighting import Weighting, design_weighting, weigh

__all__ = [
    "Adjustment",
    "Outstanding",
    "Weighting",
    "adjust",
    "combined_ratio",
    "design_weighting",
    "domain",
    "estimate",
    "swing",
    "weigh",
    "weight_responding",
]
