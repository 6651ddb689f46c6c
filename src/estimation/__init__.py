"""Quick counts (hitung cepat): project an election from a probability sample of polling stations.

>>> import estimation as qc
>>> contest = qc.open("situbondo-2024")
>>> sample = contest.draw(n=300, strata="district", seed="4-1-6-2")
>>> p = contest.project(sample=sample, as_of="2024-11-27T18:30+07:00", estimator="ratio")
>>> p.shares, p.lead, p.areas

``open`` gives an :class:`OpenContest`; ``compare_designs``, ``backtest`` and ``evaluate`` look at elections whose
result is known; ``ratio`` is the array core for a DataFrame, without a contest folder. A name is imported when it is
first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from estimation.version import __version__

if TYPE_CHECKING:
    from estimation.api.contest import DrawnSample, OpenContest
    from estimation.api.contest import open_contest as open
    from estimation.api.evaluation import EvaluationResult
    from estimation.api.past import BacktestResult, backtest, compare_designs, evaluate, read_backtest
    from estimation.api.plan import DesignPlan, stations_needed
    from estimation.api.result import ProjectionPlots, ProjectionResult
    from estimation.api.table import ratio
    from estimation.contest import Contest, ProjectionRequest
    from estimation.errors import EstimationError
    from estimation.evaluation import Evaluation
    from estimation.frame import Frame
    from estimation.projection import Evening, Projection, ProjectionRecord, Take, TakeRecord, project, read_evening
    from estimation.publish import render, save
    from estimation.sampling import Design, Sample
    from estimation.survey import Estimate, Structure

__all__ = [
    "BacktestResult",
    "Contest",
    "Design",
    "DesignPlan",
    "DrawnSample",
    "Estimate",
    "EstimationError",
    "Evaluation",
    "EvaluationResult",
    "Evening",
    "Frame",
    "OpenContest",
    "Projection",
    "ProjectionPlots",
    "ProjectionRecord",
    "ProjectionRequest",
    "ProjectionResult",
    "Sample",
    "Structure",
    "Take",
    "TakeRecord",
    "__version__",
    "backtest",
    "compare_designs",
    "evaluate",
    "open",
    "project",
    "ratio",
    "read_backtest",
    "read_evening",
    "render",
    "save",
    "stations_needed",
]

_HOMES = {
    "api.contest": ("DrawnSample", "OpenContest"),
    "api.past": ("BacktestResult", "backtest", "compare_designs", "evaluate", "read_backtest"),
    "api.evaluation": ("EvaluationResult",),
    "api.plan": ("DesignPlan", "stations_needed"),
    "api.result": ("ProjectionPlots", "ProjectionResult"),
    "api.table": ("ratio",),
    "contest": ("Contest", "ProjectionRequest"),
    "errors": ("EstimationError",),
    "evaluation": ("Evaluation",),
    "frame": ("Frame",),
    "projection": ("Evening", "Projection", "ProjectionRecord", "Take", "TakeRecord", "project", "read_evening"),
    "publish": ("render", "save"),
    "sampling": ("Design", "Sample"),
    "survey": ("Estimate", "Structure"),
}
_HOME = {name: (home, name) for home, names in _HOMES.items() for name in names} | {
    "open": ("api.contest", "open_contest")
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home, inner = _HOME[name]
    return getattr(import_module(f"{__name__}.{home}"), inner)


def __dir__() -> list[str]:
    return sorted(__all__)
