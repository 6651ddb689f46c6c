"""The reasons of a verdict, as coded notices that any language can say."""

from collections.abc import Mapping

import numpy as np
from scipy.special import ndtr, stdtrit

from estimation.contest import Contest
from estimation.decision.bounds import critical
from estimation.decision.compare import Interval, deviate
from estimation.decision.judge import Judgement, agreement, needed_stations
from estimation.decision.overturn import Overturn
from estimation.decision.progress import Progress
from estimation.rules import Notice
from estimation.survey import Estimate

Values = dict[str, str | int | float | Notice]


def list_objections(
    contest: Contest, judgement: Judgement, others: Mapping[str, Estimate], interval: Interval
) -> list[Notice]:
    """Name the methods that speak against a call, and how."""
    comparisons, reasons = judgement.comparisons, []
    for method, other in others.items() if contest.estimate.agree else ():
        view = agreement(contest, comparisons, other, interval)
        shares = other.select([f"share:{candidate.number}" for candidate in contest.candidates]).theta
        theirs = int(np.argmax(shares))
        for i in np.flatnonzero(view.opposed | view.doubtful)[:1]:
            rival = int(comparisons.rival[i])
            values: Values = {"method": method, "level": 100 * contest.about.level}
            values |= {"threshold": 100 * contest.about.threshold, "name": _label(contest, int(comparisons.leader))}
            if not view.opposed[i]:
                reasons.append(Notice("C24" if rival < 0 else "C23", values))
            elif theirs != int(comparisons.leader):
                reasons.append(Notice("C21", {**values, "name": _label(contest, theirs)}))
            elif rival < 0:
                reasons.append(Notice("C22", values))
            else:
                reasons.append(Notice("C25", {**values, "other": _label(contest, rival)}))
    return reasons


def list_shortfalls(
    contest: Contest, judgement: Judgement, progress: Progress, overturn: Overturn | None
) -> list[Notice]:
    """Say what else a call needs and does not have."""
    reasons, settings = [], contest.estimate
    if not (judgement.strata_ok if judgement.comparisons.shown_below else judgement.thin_ok):
        percent = 100 * progress.thin_part
        reasons.append(Notice("C06", {"count": progress.thin, "needed": settings.min_per_stratum, "percent": percent}))
    if not judgement.received:
        needed = int(needed_stations(settings.min_received, progress.drawn))
        reasons.append(Notice("C03", {"received": progress.used, "drawn": progress.drawn, "needed": needed}))
    if overturn is not None and overturn.fragile:
        values: Values = {"drift": round(100 * overturn.drift), "limit": round(100 * overturn.limit)}
        reasons.append(Notice("C26", values))
    return reasons


def comparison(contest: Contest, judgement: Judgement, i: int) -> Notice:
    """Say how far the leader is ahead in one comparison, against its interval and the bound for calls."""
    comparisons = judgement.comparisons
    rival, theta, se = int(comparisons.rival[i]), float(comparisons.theta[i]), float(comparisons.se[i])
    values: Values = {
        "name": _label(contest, int(comparisons.leader)),
        "threshold": 100 * contest.about.threshold,
        "level": 100 * contest.about.level,
        "lead": 100 * theta,
    }
    if rival >= 0:
        values["other"] = _label(contest, rival)
    if not comparisons.shown[i]:
        return Notice("C09" if rival < 0 else "C02", values)
    if se == 0:
        return Notice("C20" if rival < 0 else "C19", values)
    # Student's t and the quantile with the bound's tail, so that a reader can divide for himself
    df = np.array(min(float(comparisons.df), 1e12))
    values |= {"errors": theta / se, "bound": -float(stdtrit(df, ndtr(-judgement.bound)))}
    if not judgement.beyond[i]:
        return Notice("C12" if rival < 0 else "C07", values)
    beyond = {"plurality": "C01", "single-candidate": "C08", "majority-runoff": "C10" if rival < 0 else "C01"}
    return Notice(beyond[contest.about.rule], values)


def pair(contest: Contest, estimate: Estimate, judgement: Judgement, progress: Progress) -> list[Notice]:
    """Name the two who are ahead, and whether each is clear of all others; nothing where there are but two.

    A wrong pair means that one of two true ones is behind one of k - 2 others: each comparison has
    that part of the error.
    """
    order = [int(i) for i in judgement.comparisons.order]
    others = order[2:]
    if not others:
        return []
    names = [f"share:{candidate.number}" for candidate in contest.candidates]
    bound = float(critical(contest.estimate, progress.information, 2 * len(others), whole=progress.whole))
    values: Values = {"first": _label(contest, order[0]), "second": _label(contest, order[1])}
    for i in order[:2]:
        for j in others:
            lead = estimate.contrast({names[i]: 1.0, names[j]: -1.0}, "lead")
            if not float(deviate(lead.theta, lead.se, lead.df)[0]) > bound:
                return [Notice("C17", {**values, "third": _label(contest, others[0])})]
    return [Notice("C16", values)]


def line(contest: Contest) -> Values:
    """Give the values of notices about the threshold alone."""
    return {"threshold": 100 * contest.about.threshold, "level": 100 * contest.about.level}


def _label(contest: Contest, column: int) -> str:
    return contest.candidates[column].label
