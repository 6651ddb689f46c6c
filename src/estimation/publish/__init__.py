"""From a projection or a plan to a page: parts, figures, words, and the run of a notebook.

A name is imported when it is first asked for: who only runs notebooks needs none of what runs inside them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from estimation.publish.backtest_report import BacktestReport
    from estimation.publish.design_report import DesignReport
    from estimation.publish.evaluation_report import EvaluationReport
    from estimation.publish.openings.backtest import open_backtest, save_backtest
    from estimation.publish.openings.design import open_design, save_design
    from estimation.publish.openings.evaluation import open_evaluation, save_evaluation
    from estimation.publish.openings.projection import open_projection, save
    from estimation.publish.pages import Page, render
    from estimation.publish.part import Part
    from estimation.publish.projection_report import ProjectionReport

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

_HOMES = {
    "backtest_report": ("BacktestReport",),
    "design_report": ("DesignReport",),
    "evaluation_report": ("EvaluationReport",),
    "pages": ("Page", "render"),
    "part": ("Part",),
    "projection_report": ("ProjectionReport",),
    "openings.projection": ("open_projection", "save"),
    "openings.backtest": ("open_backtest", "save_backtest"),
    "openings.design": ("open_design", "save_design"),
    "openings.evaluation": ("open_evaluation", "save_evaluation"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
