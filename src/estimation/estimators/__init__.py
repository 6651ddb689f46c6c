"""What a projection uses by name: counts and a design in, an estimate out."""

from estimation.estimators.arrival import Arrival, arrived, respond
from estimation.estimators.quantities import Outstanding, combined_ratio, domain, estimate, swing
from estimation.estimators.weighting import Weighting, plain, weigh

__all__ = [
    "Arrival",
    "Outstanding",
    "Weighting",
    "arrived",
    "combined_ratio",
    "domain",
    "estimate",
    "plain",
    "respond",
    "swing",
    "weigh",
]
