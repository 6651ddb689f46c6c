"""The design report: what convinces whoever pays for the sample."""

from estimation.publish.reports.design.design_report import DesignReport

__all__ = ["DesignReport"]
