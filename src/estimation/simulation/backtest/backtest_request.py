"""What is asked of a backtest, and its answer in a few lines."""

from collections.abc import Mapping, Sequence
from typing import get_args

from estimation.columns import nearest_name
from estimation.contest import Contest, EstimatorName, estimate_table
from estimation.errors import EstimationError
from estimation.sampling import design_of
from estimation.simulation.backtest.coverage_table import first_calls, tabulate
from estimation.simulation.backtest.replay import BacktestPlan, Replay
from estimation.simulation.population import Population


def plan_of(
    contest: Contest,
    *,
    design: Mapping[str, object] | None = None,
    estimators: Sequence[str] = (),
    arrival: str = "random",
    received: str | Sequence[float] = (0.1, 0.5, 1.0),
    replicates: int = 1000,
    level: float | None = None,
    estimate: Mapping[str, object] | None = None,
) -> BacktestPlan:
    """Compose a plan from a contest and what is asked in place of it.

    Parameters
    ----------
    design : mapping of str to value, optional
        Keys of ``[design]``; None: not given.
    estimators : sequence of str
        Where there is none, the contest's and the ratio.
    received : str or sequence of float
        ``"0.1,0.5,1"``.
    level : float, optional
        In (0, 1); the contest's where it is not given.
    estimate : mapping of str to value, optional
        Keys of ``[estimate]``; None: not given.

    Raises
    ------
    EstimationError
        An estimator is unknown, or a part is no number.
    """
    known = get_args(EstimatorName)
    for name in estimators:
        if name not in known:
            near = nearest_name(name, known)
            hint = f"did you mean '{near}'?" if near else f"known are {', '.join(known)}"
            raise EstimationError(f"--estimator '{name}' is unknown: {hint}")
    try:
        parts = [float(part) for part in received.split(",")] if isinstance(received, str) else list(received)
    except ValueError as error:
        raise EstimationError(f"--received '{received}': write parts of the sample such as 0.1,0.5,1") from error
    chosen = estimators or tuple(dict.fromkeys((contest.estimate.estimator, "ratio")))
    return BacktestPlan(
        design=design_of(contest, **_set(design)),
        estimators=tuple(dict.fromkeys(chosen)),  # type: ignore[arg-type]
        arrival=arrival,
        received=tuple(parts),
        replicates=replicates,
        level=contest.about.level if level is None else level,
        table=estimate_table(contest.estimate, _set(estimate)),
    )


def _set(values: Mapping[str, object] | None) -> dict[str, object]:
    return {key: value for key, value in (values or {}).items() if value is not None}


def backtest_summary(population: Population, plan: BacktestPlan, replay: Replay) -> list[str]:
    """Say the findings in a line for each part and estimator: pooled over the shares, then the lead's calls."""
    table = tabulate(population, plan, replay)
    shares = table[table["quantity"].str.startswith("share:")]
    lead = table[table["quantity"] == "lead"].to_dict("records")
    lines = [
        f"{population.contest.about.title}: {plan.replicates} nights, n = {plan.design.n}, {plan.design.method}, "
        f"arrival {plan.arrival}",
        f"{'in':>5}  {'estimator':<18}{'coverage':>9}{'half-width':>12}{'score':>8}{'called':>8}{'wrong':>8}",
    ]
    for calls in lead:
        part, name = calls["received"], calls["estimator"]
        group = shares[(shares["received"] == part) & (shares["estimator"] == name)]
        lines.append(
            f"{part:5.0%}  {name:<18}{group['coverage'].mean():9.1%}{100 * group['half_width'].mean():12.2f}"
            f"{100 * group['interval_score'].mean():8.2f}{calls['call_rate']:8.1%}{calls['wrong_call_rate']:8.2%}"
        )
    for name, part in first_calls(plan, replay).items():
        lines.append(
            f"first right call, {name}: " + (f"at {part:.0%} in the median night" if part else "never in most")
        )
    return lines
