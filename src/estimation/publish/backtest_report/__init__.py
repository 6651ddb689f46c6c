"""The calibration certificate: past elections replayed, and how often intervals held."""

from estimation.publish.backtest_report.report import BacktestReport

__all__ = ["BacktestReport"]
