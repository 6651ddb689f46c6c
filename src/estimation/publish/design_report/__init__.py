"""The design report: what convinces whoever pays for the sample."""

from estimation.publish.design_report.report import DesignReport

__all__ = ["DesignReport"]
