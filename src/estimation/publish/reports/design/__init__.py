"""The design report: what a sample costs and how precise it is."""

from estimation.publish.reports.design.design_report import DesignReport

__all__ = ["DesignReport"]
