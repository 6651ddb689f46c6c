"""How a design is named, and the simulated rows that are about the true leader."""

import numpy as np
import pandas as pd

from estimation.columns import AREA_LEVELS
from estimation.simulation.design_plan import OWN, DesignStudy
from estimation.words import Words


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
