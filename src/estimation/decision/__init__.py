"""Who may be called, and if nobody, why not yet."""

from estimation.decision.bounds import beyond, critical
from estimation.decision.call import Call, Status, decide
from estimation.decision.compare import Comparisons, compare, lead_of, leader_and_runner_up
from estimation.decision.judge import Agreement, Judgement, agreement, judge
from estimation.decision.overturn import Overturn, needed_drift, overturn
from estimation.decision.progress import Progress, information, thin_part, thin_strata

__all__ = [
    "Agreement",
    "Call",
    "Comparisons",
    "Judgement",
    "Overturn",
    "Progress",
    "Status",
    "agreement",
    "beyond",
    "compare",
    "critical",
    "decide",
    "information",
    "judge",
    "lead_of",
    "leader_and_runner_up",
    "needed_drift",
    "overturn",
    "thin_part",
    "thin_strata",
]
