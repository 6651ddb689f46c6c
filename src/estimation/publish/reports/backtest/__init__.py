"""The calibration certificate: past elections replayed, and how often intervals held."""

from estimation.publish.reports.backtest.backtest_report import BacktestReport

__all__ = ["BacktestReport"]
