"""All that the design report shows: the frame, the sample, its size, and what designs would have said before."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from estimation.arrays import Array
from estimation.baseline import PREFIX
from estimation.columns import place_column
from estimation.contest import Contest
from estimation.errors import DesignError
from estimation.frame import Frame, load_frame
from estimation.rules import Notice
from estimation.sampling import Design, Sample, design_of, draw, read_sample
from estimation.sampling.apply_design import BY_SPREAD, notes, strata_for
from estimation.sampling.cost import prices_of
from estimation.sampling.coverage_distance import CoverageDistance, coverage_distance
from estimation.sampling.draw_manifest import read_manifest
from estimation.sampling.size import curve
from estimation.sampling.variability import StationVariance
from estimation.simulation.population import Population, open_population
from estimation.simulation.replicate import compare_simulated, nonresponse
from estimation.simulation.targets import Answer, Targets, affordable_stations, answers, between_of, targets_of
from estimation.tables import find_table

MISSING = (0.05, 0.10, 0.20)  # parts of the sample that never report
RIVALS = ("simple", "stratified", "systematic", "pivotal")  # designs compared with the contest's own
OWN = "own"  # the contest's design among them, where it is not one of them
MOST_AREAS = 60  # rows of the table of areas
CURVE = 40  # points of the margin-of-error curve


@dataclass(frozen=True, slots=True)
class DesignStudy:
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
    targets : Targets
        What is asked of the sample, and what stations cost.
    notices : tuple of Notice
        Of the sample and its allocation.
    cost : float or None
        Of the sample's stations and their villages, where costs are given.
    affordable : int or None
        Stations that the budget pays under simple sampling, where there is one.
    coverage : CoverageDistance or None
        How near the sample is to all stations, where the frame has coordinates.
    population : Population or None
        The election whose result is known; None where there is none, and then all below is too.
    between : StationVariance or None
        How its stations differ.
    answers : tuple of Answer or None
        Stations for each aim, and what the design's n is worth.
    margins : pandas.DataFrame or None
        Margin of error by n.
    own : str
        The design's own label in the comparison.
    comparison, missing, areas : pandas.DataFrame or None
        Simulated: designs against each other, with stations missing, by area.
    """

    contest: Contest
    frame: Frame
    design: Design
    sample: Sample
    committed: bool
    targets: Targets
    notices: tuple[Notice, ...] = ()
    cost: float | None = None
    affordable: int | None = None
    coverage: CoverageDistance | None = None
    population: Population | None = None
    between: StationVariance | None = None
    answers: tuple[Answer, ...] | None = None
    margins: pd.DataFrame | None = None
    own: str = ""
    comparison: pd.DataFrame | None = None
    missing: pd.DataFrame | None = None
    areas: pd.DataFrame | None = None


def plan_design(
    contest: Contest,
    *,
    past: Contest | None = None,
    replicates: int = 500,
    where: str | None = None,
    changes: Mapping[str, object] | None = None,
    asked: Mapping[str, float | None] | None = None,
) -> DesignStudy:
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
    asked : dict, optional
        Targets and costs that are not the contest's: ``margin``, ``right_leader``, ``budget``, ``cost_station``,
        ``cost_village``.

    Raises
    ------
    EstimationError
        The contest or its frame can't be used, the design can't be drawn, or the budget pays no sample.
    """
    targets = targets_of(contest, **(asked or {}))
    changes = {name: value for name, value in (changes or {}).items() if value is not None}
    path = contest.out / "sample.csv"
    manifest = read_manifest(path) if path.is_file() and not changes else None
    where = where or (manifest.where if manifest else None)
    frame = load_frame(contest, where)
    if manifest:
        design = design_of(contest, **(dict(manifest.design) | {"seed": manifest.seed}))
        sample = read_sample(path, frame, design)
    else:
        costs = {name: getattr(targets, name) for name in ("cost", "cost_station", "cost_village")}
        design = design_of(contest, **{**costs, **changes})
        sample = draw(frame, design)
    prices = prices_of(frame, targets.cost, targets.cost_station, targets.cost_village)
    found = DesignStudy(
        contest,
        frame,
        design,
        sample,
        manifest is not None,
        targets,
        notices=(*sample.notes, *(note for note in notes(frame, design) if note not in sample.notes)),
        cost=prices.of(frame, sample.rows) if prices else None,
        affordable=affordable_stations(targets, frame),
        coverage=coverage_distance(frame, sample.rows, design.seed),
    )
    known = past or (contest if _has_result(contest) else None)
    if known is None:
        return found
    population = open_population(known, where if past is None else None)
    return _with_past(found, population, replicates)


def _has_result(contest: Contest) -> bool:
    named = contest.official.path
    return bool(named and (contest.folder / named).is_file()) or find_table(contest.folder, "official") is not None


def _with_past(found: DesignStudy, population: Population, replicates: int) -> DesignStudy:
    """Add what an election with a known result tells."""
    n = min(found.design.n, len(population.frame) - 1)
    design = _fitting(population, replace(found.design, n=n))
    between = between_of(population, len(found.frame))
    own, rivals = _rivals(population, design)
    level = found.contest.about.level
    table = compare_simulated(
        population,
        rivals,
        replicates,
        level,
        areas=_area_level(population.frame),
        cost_station=_station_costs(found, population),
        cost_village=found.targets.cost_village,
    )
    mine, whole = table["design"] == own, table["area"] == ""
    drawn = min(n, len(found.frame))
    ns = np.unique(np.geomspace(min(40, drawn), min(4 * drawn, between.stations), CURVE).astype(np.intp))
    return replace(
        found,
        population=population,
        between=between,
        answers=answers(
            found.targets,
            found.frame,
            len(found.sample),
            population,
            table[mine & whole],
            level=level,
            per_village=design.per_cluster if design.method == "two-stage" else 0,
        ),
        margins=curve(between, ns, level=level),
        own=own,
        comparison=table[whole].reset_index(drop=True),
        missing=nonresponse(population, design, MISSING, replicates, level=level),
        areas=table[~whole & mine].reset_index(drop=True),
    )


def _station_costs(found: DesignStudy, population: Population) -> float | Array:
    """Give what the earlier election's stations would cost: by their column, else the mean of the contest's."""
    targets = found.targets
    column = targets.cost if targets.cost in population.frame.table.columns else ""
    prices = prices_of(population.frame, column, targets.cost_station, 0.0)
    if prices is not None:
        return prices.station
    ours = prices_of(found.frame, targets.cost, 0.0, 0.0)
    return ours.mean if ours is not None else 0.0


def _fitting(population: Population, design: Design) -> Design:
    """See that the earlier election's frame has the columns that the design goes by.

    Raises
    ------
    DesignError
        It lacks one.
    """
    strata = [name.strip().rpartition("/")[0] or name.strip().removesuffix("?") for name in design.strata.split(",")]
    needed = [*strata, *design.sort.split(","), design.measure, *design.balance, *design.spread]
    needed += [design.cost] if design.allocation == "optimal" else []
    needed += [f"{PREFIX}1"] if design.allocation in (*BY_SPREAD, "bethel") else []
    header = population.frame.table.columns
    for name in filter(None, map(str.strip, needed)):
        if name not in header and place_column(name, header) is None:
            raise DesignError(
                f"the design goes by column '{name}', which the earlier election's frame does not have: give it to "
                f"that frame too, or compare another design (--method, --strata, --allocation)"
            )
    return design


_SAME = ("method", "strata", "merge", "allocation", "minimum", "maximum", "sort", "measure", "balance", "spread")


def _rivals(population: Population, design: Design) -> tuple[str, dict[str, Design]]:
    """Name the designs to compare: simple, stratified, systematic, ordered pivotal, and the own one by its label."""
    designs: dict[str, Design] = {}
    strata = _strata(population.frame, design)
    for method in RIVALS:
        if method == "stratified" and not strata:
            continue
        inside = {"strata": strata, "merge": design.merge} if method == "stratified" else {"strata": ""}
        designs[method] = Design(design.n, method, seed=design.seed, **inside)
    for label, rival in designs.items():
        if all(getattr(rival, part) == getattr(design, part) for part in _SAME):
            return label, designs
    return OWN, {**designs, OWN: design}


def _area_level(frame: Frame) -> str:
    """Take districts, or regencies where there are more districts than a table can hold."""
    return "district" if len(frame.areas("district").paths) <= MOST_AREAS else "regency"


def _strata(frame: Frame, design: Design) -> str:
    """Take a stratified design's strata, else the finest area level that n can serve with two stations each."""
    own = design.strata if design.method == "stratified" else ""
    for columns in filter(None, (own, "district", "regency", "province")):
        merge = design.merge if columns == own else 0
        if 1 < 2 * len(strata_for(frame, columns, merge, design.n).labels) <= design.n:
            return columns
    return ""


def odd_sizes(frame: Frame, low: float = 30, high: float = 600) -> dict[str, int]:
    """Count what a reader of the roll should look at: unknown, very small, very large stations."""
    voters = frame.registered
    return {
        "unknown": int(np.isnan(voters).sum()),
        "small": int((voters < low).sum()),
        "large": int((voters > high).sum()),
    }
