"""From a projection or a plan to a page: parts, figures, words, and the run of a notebook.

A name is imported when it is first asked for: who only runs notebooks needs none of what runs inside them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from estimation.publish.pages import Page, render
    from estimation.publish.part import Part
    from estimation.publish.reports.backtest import BacktestReport
    from estimation.publish.reports.design import DesignReport
    from estimation.publish.reports.evaluation import EvaluationReport
    from estimation.publish.reports.projection import ProjectionReport
    from estimation.publish.saving import save

__all__ = [
    "BacktestReport",
    "DesignReport",
    "EvaluationReport",
    "Page",
    "Part",
    "ProjectionReport",
    "render",
    "save",
]

_HOMES = {
    "reports.backtest": ("BacktestReport",),
    "reports.design": ("DesignReport",),
    "reports.evaluation": ("EvaluationReport",),
    "pages": ("Page", "render"),
    "part": ("Part",),
    "reports.projection": ("ProjectionReport",),
    "saving": ("save",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
