"""All that the design report shows: the frame, the sample, its size, and what designs would have said before."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from estimation.contest import Contest
from estimation.errors import DesignError
from estimation.frame import Frame, load_frame
from estimation.sampling import Design, Sample, design_of, draw, read_sample
from estimation.sampling.between import Between, measure
from estimation.sampling.manifest import read_manifest
from estimation.sampling.size import Size, curve, for_margin
from estimation.simulation.known import Population, open_population
from estimation.simulation.replicate import compare, nonresponse
from estimation.tables import find_table

MARGIN = 0.01  # the margin of error that the size is worked out for: one point
MISSING = (0.05, 0.10, 0.20)  # parts of the sample that never report
RIVALS = ("simple", "stratified", "systematic", "pivotal")  # designs compared with the contest's own
MOST_AREAS = 60  # rows of the table of areas
CURVE = 40  # points of the margin-of-error curve


@dataclass(frozen=True, slots=True)
class Plan:
    """A design and what can be known of it beforehand.

    Attributes
    ----------
    contest : Contest
    frame : Frame
    design : Design
    sample : Sample
        The one in ``out/sample.csv``, else one drawn to look at.
    committed : bool
        The sample stands in ``out/``.
    population : Population or None
        The election whose result is known; None where there is none, and then all below is too.
    between : Between or None
        How its stations differ.
    size : Size or None
        Stations for a margin of error of one point, under simple sampling.
    margins : pandas.DataFrame or None
        Margin of error by n.
    comparison, missing, areas : pandas.DataFrame or None
        Simulated: designs against each other, with stations missing, by area.
    """

    contest: Contest
    frame: Frame
    design: Design
    sample: Sample
    committed: bool
    population: Population | None = None
    between: Between | None = None
    size: Size | None = None
    margins: pd.DataFrame | None = None
    comparison: pd.DataFrame | None = None
    missing: pd.DataFrame | None = None
    areas: pd.DataFrame | None = None


def plan(
    contest: Contest,
    *,
    past: Contest | None = None,
    replicates: int = 500,
    where: str | None = None,
    changes: Mapping[str, object] | None = None,
) -> Plan:
    """Work the plan out.

    Parameters
    ----------
    past : Contest, optional
        An earlier election with an official result; the contest's own where it has one.
    replicates : int
        Samples simulated of each design.
    where : str, optional
        One area only.
    changes : dict, optional
        Parts of the design that are not the contest's; then a sample in ``out/`` is not looked at.

    Raises
    ------
    EstimationError
        The contest or its frame can't be used, or the design can't be drawn.
    """
    path = contest.out / "sample.csv"
    manifest = read_manifest(path) if path.is_file() and not changes else None
    where = where or (manifest.where if manifest else None)
    frame = load_frame(contest, where)
    design = design_of(contest, **(dict(manifest.design) | {"seed": manifest.seed} if manifest else changes or {}))
    sample = read_sample(path, frame, design) if manifest else draw(frame, design)
    found = Plan(contest, frame, design, sample, manifest is not None)
    known = past or (contest if _has_result(contest) else None)
    if known is None:
        return found
    population = open_population(known, where if past is None else None)
    return _with_past(found, population, replicates)


def _has_result(contest: Contest) -> bool:
    named = contest.official.path
    return bool(named and (contest.folder / named).is_file()) or find_table(contest.folder, "official") is not None


def _with_past(found: Plan, population: Population, replicates: int) -> Plan:
    """Add what an election with a known result tells."""
    n = min(found.design.n, len(population.frame) - 1)
    design = _fitting(population, replace(found.design, n=n))
    votes = population.counts.votes
    leader = int(np.argmax(population.shares))
    between = measure(votes[:, leader], votes.sum(axis=1))
    rivals = _rivals(population, design)
    level = found.contest.about.level
    table = compare(population, rivals, replicates, level, areas=_area_level(population.frame))
    own = table["design"] == design.method
    ns = np.unique(np.geomspace(min(40, n), min(4 * n, between.stations), CURVE).astype(np.intp))
    return replace(
        found,
        population=population,
        between=between,
        size=for_margin(between, MARGIN, level=level),
        margins=curve(between, ns, level=level),
        comparison=table[table["area"] == ""].reset_index(drop=True),
        missing=nonresponse(population, design, MISSING, replicates, level=level),
        areas=table[(table["area"] != "") & own].reset_index(drop=True),
    )


def _fitting(population: Population, design: Design) -> Design:
    """Leave out columns that the earlier election's frame does not have."""
    columns = set(population.frame.table.columns)
    kept = {name: tuple(c for c in getattr(design, name) if c in columns) for name in ("balance", "spread")}
    if kept["balance"] != design.balance or kept["spread"] != design.spread:
        raise DesignError(
            "the design balances or spreads on columns that the earlier election's frame does not have: "
            "give them to that frame too, or compare another design"
        )
    return design


def _rivals(population: Population, design: Design) -> dict[str, Design]:
    """Name the designs to compare: simple, stratified by district, systematic, ordered pivotal, and the own one."""
    designs: dict[str, Design] = {}
    strata = _strata(population.frame, design)
    for method in RIVALS:
        if method == "stratified" and not strata:
            continue
        designs[method] = Design(design.n, method, strata=strata if method == "stratified" else "", seed=design.seed)
    if design.method not in designs or design.strata:
        designs[design.method] = design
    return designs


def _area_level(frame: Frame) -> str:
    """Take districts, or regencies where there are more districts than a table can hold."""
    return "district" if len(frame.areas("district").paths) <= MOST_AREAS else "regency"


def _strata(frame: Frame, design: Design) -> str:
    """Take the design's strata, else the finest area level that n can serve with two stations each."""
    for level in filter(None, (design.strata, "district", "regency", "province")):
        if 1 < 2 * len(frame.areas(level).paths) <= design.n:
            return level
    return ""


def odd_sizes(frame: Frame, low: float = 30, high: float = 600) -> dict[str, int]:
    """Count what a reader of the roll should look at: unknown, very small, very large stations."""
    voters = frame.registered
    return {
        "unknown": int(np.isnan(voters).sum()),
        "small": int((voters < low).sum()),
        "large": int((voters > high).sum()),
    }
