"""What goes wrong with returns: one engine for the demos' evening and for rehearsals."""

from estimation.simulation.faults.inject import SpoiledReturns, inject
from estimation.simulation.faults.rates import KINDS, Faults, Kind, how_many

__all__ = ["KINDS", "Faults", "Kind", "SpoiledReturns", "how_many", "inject"]
