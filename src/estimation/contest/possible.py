"""Which variances and intervals of ``[estimate]`` a design can give, by what is known before anything is drawn."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import get_args

from estimation.contest.settings import Contest, IntervalName, Method, VarianceName
from estimation.errors import ContestError

METHODS = ("all", *get_args(Method))  # ways of drawing; `all` where every station is asked
ONE_STAGE = tuple(method for method in METHODS if method != "two-stage")
SYSTEMATIC = ("systematic", "pps-systematic")
LISTED = (*SYSTEMATIC, "pivotal")  # they go through a list
SPREAD = (*LISTED, "local-cube")
BALANCED = ("cube", "local-cube")
HIGH_ENTROPY = ("sampford", "max-entropy")  # with exact joint probabilities
BY_SIZE = ("pps-systematic", *HIGH_ENTROPY)  # stations of a stratum are not equally likely
REPLICATED = ("jackknife", "bootstrap", "successive-replicates")
JOINT = ("horvitz-thompson", "yates-grundy")
MOST_SIMULTANEOUS = 10  # quantities of one family

_EQUALLY = tuple(method for method in ONE_STAGE if method not in BY_SIZE)
_GIVEN_BY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **dict.fromkeys(get_args(VarianceName), ONE_STAGE),
        **dict.fromkeys(("auto", "jackknife", "bootstrap"), METHODS),
        "stratified": _EQUALLY,
        **dict.fromkeys(("successive", "successive-replicates"), LISTED),
        "local-neighbourhood": SPREAD,
        "balanced": BALANCED,
        **dict.fromkeys(JOINT, HIGH_ENTROPY),
        **dict.fromkeys(("ultimate-cluster", "two-stage"), ("two-stage",)),
    }
)
_ORDER = "sees the order of a list, which method '{method}' does not draw by: it would be too small"
_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "stratified": "takes stations of a stratum as equally likely, and method '{method}' draws them by size: it "
        "would be wrong",
        **dict.fromkeys(("successive", "successive-replicates"), _ORDER),
        "local-neighbourhood": "needs a sample that was spread, and method '{method}' does not spread: it would be too "
        "small",
        "balanced": "needs a balanced sample, and method '{method}' does not balance: it would be too small",
        **dict.fromkeys(JOINT, "needs joint inclusion probabilities, which are not known of method '{method}'"),
        **dict.fromkeys(
            ("ultimate-cluster", "two-stage"),
            "needs villages drawn before stations, and method '{method}' has one stage",
        ),
    }
)
_NO_PAIRS = "does not exist: most pairs of stations can't both be in a '{method}' sample"
_TWO_STAGES = "takes stations as drawn one by one, and villages are drawn first: it would be too small"


def variances_of(method: str) -> tuple[str, ...]:
    """List the variances that a way of drawing can give, ``auto`` first."""
    return tuple(name for name, methods in _GIVEN_BY.items() if method in methods)


def why_never(variance: str, method: str) -> str:
    """Say why a way of drawing can never give a variance, and which it can; blank where it can.

    Parameters
    ----------
    variance : str
        A name of ``[estimate] variance``.
    method : str
        A name of ``[design] method``, or ``all``.
    """
    if method in _GIVEN_BY[variance]:
        return ""
    possible = variances_of(method)
    if variance in JOINT and method in SYSTEMATIC:
        reason = _NO_PAIRS
    elif method == "two-stage":
        reason = _TWO_STAGES
    else:
        reason = _REASONS[variance]
    return f"variance '{variance}' {reason.format(method=method)}: take {_any_of(possible)}"


def check_estimate(contest: Contest, method: str, source: str = "[estimate]") -> None:
    """Refuse what ``[estimate]`` asks for and no returns could ever give.

    Parameters
    ----------
    contest : Contest
    method : str
        How the sample is drawn; ``all`` where every station is asked.
    source : str
        Where the keys stand, for the message.

    Raises
    ------
    ContestError
        The design can't give the variance; or the interval can't be given with that variance, level or number of
        candidates. The message names what can be.
    """
    table = contest.estimate
    for reason in (why_never(table.variance, method), _why_no_interval(contest)):
        if reason:
            raise ContestError(f"{source}: {reason}")


def _why_no_interval(contest: Contest) -> str:
    table, level, candidates = contest.estimate, contest.about.level, len(contest.candidates)
    if table.interval == "simultaneous" and candidates > MOST_SIMULTANEOUS:
        others = [name for name in get_args(IntervalName) if name not in ("simultaneous", "percentile")]
        return (
            f"interval 'simultaneous' holds for at most {MOST_SIMULTANEOUS} candidates together, and there are "
            f"{candidates}: take {_any_of(others)}"
        )
    if table.interval != "percentile":
        return ""
    if table.variance != "bootstrap" and table.estimator not in ("auto", "multilevel"):
        return (
            f"interval 'percentile' needs draws, and estimator '{table.estimator}' with variance '{table.variance}' "
            "has none: take variance 'bootstrap', or estimator 'multilevel'"
        )
    need = fewest_draws(level)
    if table.replicates < need:
        return f"interval 'percentile' at level {level:g} needs {need:,} replicates, and there are {table.replicates}"
    return ""


def fewest_draws(level: float) -> int:
    """Give how many draws a percentile interval needs: one expected beyond each limit."""
    return math.ceil(2 / (1 - level) - 1e-9)


def _any_of(names: list[str] | tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
