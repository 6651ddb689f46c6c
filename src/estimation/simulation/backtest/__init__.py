"""Past elections replayed: what estimators would have said at every part of the returns."""

from estimation.simulation.backtest.backtest_request import backtest_summary, plan_of
from estimation.simulation.backtest.coverage_table import first_calls, interval_score, tabulate
from estimation.simulation.backtest.replay import BacktestPlan, Replay
from estimation.simulation.backtest.run import backtest, backtest_document, estimate_values

__all__ = [
    "BacktestPlan",
    "Replay",
    "backtest",
    "backtest_document",
    "backtest_summary",
    "estimate_values",
    "first_calls",
    "interval_score",
    "plan_of",
    "tabulate",
]
