"""The evaluation report: a night against the official result."""

from estimation.publish.evaluation_report.report import EvaluationReport

__all__ = ["EvaluationReport"]
