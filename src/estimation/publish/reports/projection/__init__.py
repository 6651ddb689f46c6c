"""The projection report: a projection in the words of one language, part by part."""

from estimation.publish.reports.projection.projection_report import ProjectionReport

__all__ = ["ProjectionReport"]
