"""From a projection or a plan to a page: parts, figures, words, and the run of a notebook."""

from estimation.publish.backtest_report import BacktestReport
from estimation.publish.design_report import DesignReport
from estimation.publish.evaluation_report import EvaluationReport
from estimation.publish.pages import Page, render
from estimation.publish.part import Part
from estimation.publish.projection_report import ProjectionReport
from estimation.publish.report import (
    open_backtest,
    open_design,
    open_evaluation,
    open_projection,
    save,
    save_backtest,
    save_design,
    save_evaluation,
)

__all__ = [
    "BacktestReport",
    "DesignReport",
    "EvaluationReport",
    "Page",
    "Part",
    "ProjectionReport",
    "open_backtest",
    "open_design",
    "open_evaluation",
    "open_projection",
    "render",
    "save",
    "save_backtest",
    "save_design",
    "save_evaluation",
]
