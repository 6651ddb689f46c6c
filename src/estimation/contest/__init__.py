"""What is being decided: the candidates, the rule, the clock and the release, from ``contest.toml``."""

from estimation.contest.load import estimate_table, load_contest
from estimation.contest.possible import MOST_SIMULTANEOUS, REPLICATED, check_estimate, variances_of
from estimation.contest.quantity_names import INVALID, LEAD, TURNOUT, share_name
from estimation.contest.request import ProjectionRequest
from estimation.contest.settings import (
    CONTROL_WORDS,
    Allocation,
    Candidate,
    Contest,
    DecisionRule,
    EstimateTable,
    EstimatorName,
    IntervalName,
    Method,
    Mode,
    VarianceName,
)

__all__ = [
    "CONTROL_WORDS",
    "INVALID",
    "LEAD",
    "MOST_SIMULTANEOUS",
    "REPLICATED",
    "TURNOUT",
    "Allocation",
    "Candidate",
    "Contest",
    "DecisionRule",
    "EstimateTable",
    "EstimatorName",
    "IntervalName",
    "Method",
    "Mode",
    "ProjectionRequest",
    "VarianceName",
    "check_estimate",
    "estimate_table",
    "load_contest",
    "share_name",
    "variances_of",
]
