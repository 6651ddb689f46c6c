"""On the night: reading returns, checking them, and settling which one holds for each station."""

from estimation.returns.counts import Counts, tally
from estimation.returns.intake import Intake, read_returns
from estimation.returns.resolution import Resolution, resolve

__all__ = ["Counts", "Intake", "Resolution", "read_returns", "resolve", "tally"]
