"""The verdict on a design: what the sample is worth; and how designs are named."""

import numpy as np
import pandas as pd

from estimation.columns import AREA_LEVELS
from estimation.publish.part import Verdict
from estimation.sampling.size import Size
from estimation.simulation.design_plan import OWN, DesignStudy
from estimation.words import Words, isolated

BETTER = 0.9  # of this design's standard error: a design below that is named


def method_name(words: Words, name: str) -> str:
    """Name a way of drawing."""
    return words(f"design.{name}")


def in_strata(plan: DesignStudy, words: Words) -> str:
    """Say what the strata go by: area levels in the page's language, other columns by their names."""
    names = [name.strip() for name in plan.design.strata.split(",") if name.strip()]
    said = [words(f"areas.of_{name}") if name in AREA_LEVELS else name for name in names]
    return words("design.in_strata", strata=", ".join(said)) if said else ""


def design_name(plan: DesignStudy, words: Words, label: str) -> str:
    """Name a compared design; the contest's own by all that it differs in."""
    if label != OWN:
        return method_name(words, label)
    by = plan.design.allocation
    allocation = words("design.allocated", allocation=by) if by != "proportional" else ""
    method = method_name(words, plan.design.method)
    return words("design.own", method=method, strata=in_strata(plan, words), allocation=allocation)


def of_leader(plan: DesignStudy, simulated: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of the true leader's share."""
    population = plan.population
    assert population is not None
    number = population.contest.candidates[int(np.argmax(population.shares))].number
    return simulated[simulated["quantity"] == f"share:{number}"]


def design_verdict(plan: DesignStudy, words: Words, replicates: int) -> Verdict:
    """Say the margin, what simulated samples said, and what speaks for another design.

    Parameters
    ----------
    replicates : int
        Samples that were simulated of each design.
    """
    known = plan.population is not None and plan.answers is not None
    status = _worth(plan, words) if known else words("design.verdict_untried", n=words.whole(len(plan.sample)))
    sentence = _tried(plan, words, replicates) if known else words("design.no_past")
    reasons = tuple(_reasons(plan, words)) if known else ()
    return Verdict("verdict", words("verdict.heading"), status, sentence, reasons)


def _answered(plan: DesignStudy) -> Size:
    """Give the margin of the design's own number of stations."""
    return next(answer.own for answer in plan.answers or () if answer.kind == "design")


def _worth(p: DesignStudy, w: Words) -> str:
    own = _answered(p)
    return w("design.verdict_status", n=w.whole(own.n), margin=w.decimal(100 * own.margin, 2))


def _tried(p: DesignStudy, w: Words, replicates: int) -> str:
    """Say how often the interval held and the right leader was ahead in the simulated samples."""
    assert p.comparison is not None
    assert p.population is not None
    rows = of_leader(p, p.comparison)
    (own,) = rows[rows["design"] == p.own].to_dict(orient="records")
    first = p.population.contest.candidates[int(np.argmax(p.population.shares))]
    return w(
        "design.verdict_tried",
        replicates=w.whole(replicates),
        title=p.population.contest.about.title,
        level=w.level(p.contest.about.level),
        name=isolated(first.label),
        coverage=w.percent(own["coverage"]),
        right=w.percent(own["right_leader"], 0),
    )


def _reasons(p: DesignStudy, w: Words) -> list[str]:
    """Say what the formula for persons claims, what missing stations do, and which design did better."""
    assert p.comparison is not None
    assert p.missing is not None
    answer = _answered(p)
    designs = {row["design"]: row for row in of_leader(p, p.comparison).to_dict(orient="records")}
    own, best = designs[p.own], min(designs.values(), key=lambda row: float(row["true_se"]))
    worst = of_leader(p, p.missing).to_dict(orient="records")[-1]
    error, less = w.decimal(100 * own["true_se"], 2), w.decimal(100 * worst["true_se"], 2)
    claimed = w.decimal(100 * answer.margin / answer.understated, 2)
    lines = [
        w("design.verdict_persons", claimed=claimed, times=w.decimal(answer.understated)),
        w("design.verdict_missing", part=w.percent(worst["missing"], 0), full=error, less=less),
    ]
    if best["true_se"] < BETTER * own["true_se"]:
        better, villages = w.decimal(100 * best["true_se"], 2), w.whole(round(best["villages"]))
        method = design_name(p, w, str(best["design"]))
        lines.append(w("design.verdict_rival", method=method, se=better, own=error, villages=villages))
    return lines
