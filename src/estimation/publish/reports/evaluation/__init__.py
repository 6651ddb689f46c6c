"""The evaluation report: a night against the official result."""

from estimation.publish.reports.evaluation.evaluation_report import EvaluationReport

__all__ = ["EvaluationReport"]
