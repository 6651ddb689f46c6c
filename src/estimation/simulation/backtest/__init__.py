"""Past elections replayed: what estimators would have said at every part of the returns."""

from estimation.simulation.backtest.ask import headline, plan_of
from estimation.simulation.backtest.replay import Plan, Replay
from estimation.simulation.backtest.run import backtest, document, estimate_values
from estimation.simulation.backtest.table import first_calls, interval_score, tabulate

__all__ = [
    "Plan",
    "Replay",
    "backtest",
    "document",
    "estimate_values",
    "first_calls",
    "headline",
    "interval_score",
    "plan_of",
    "tabulate",
]
