"""Past elections replayed: what estimators would have said at every part of the returns."""

from estimation.simulation.backtest.replay import BacktestPlan, Replay
from estimation.simulation.backtest.request import headline, plan_of
from estimation.simulation.backtest.run import backtest, document, estimate_values
from estimation.simulation.backtest.table import first_calls, interval_score, tabulate

__all__ = [
    "BacktestPlan",
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
