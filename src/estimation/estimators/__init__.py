"""What a projection uses by name: counts and a design in, an estimate out."""

from estimation.estimators.arrival import Arrival, arrived
from estimation.estimators.ratio import combined_ratio, domain

__all__ = ["Arrival", "arrived", "combined_ratio", "domain"]
