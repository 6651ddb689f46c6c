"""From a projection or a plan to a page: parts, figures, words, and the run of a notebook.

A name is imported when it is first asked for: who only runs notebooks needs none of what runs inside them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from estimation.publish.openings.backtest import open_backtest, save_backtest
    from estimation.publish.openings.design import open_design, save_design
    from estimation.publish.openings.evaluation import open_evaluation, save_evaluation
    from estimation.publish.openings.projection import open_projection, save
    from estimation.publish.pages import Page, render
    from estimation.publish.part import Part
    from estimation.publish.reports.backtest import BacktestReport
    from estimation.publish.reports.design import DesignReport
    from estimation.publish.reports.evaluation import EvaluationReport
    from estimation.publish.reports.projection import ProjectionReport

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
    "reports.backtest": ("BacktestReport",),
    "reports.design": ("DesignReport",),
    "reports.evaluation": ("EvaluationReport",),
    "pages": ("Page", "render"),
    "part": ("Part",),
    "reports.projection": ("ProjectionReport",),
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
