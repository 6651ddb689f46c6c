"""What is replayed: real elections, how they are sampled, and in which order their returns come in."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from machine import SHARED

from estimation.contest import Contest, load_contest
from estimation.estimators.multilevel import Constants
from estimation.frame import Frame, load_frame
from estimation.returns import Counts
from estimation.simulation.arrivals.recorded import Recorded
from estimation.simulation.backtest import BacktestPlan, plan_of
from estimation.simulation.backtest.replay import Stage, stage
from estimation.simulation.population import Population, open_population

PARTS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
EARLY = (0.01, *PARTS)
ESTIMATORS = ("multilevel", "ratio", "calibrated", "two-phase")
FEWER = ESTIMATORS[:3]  # where there are 38 regencies
SMALL = ("situbondo-2019", "gianyar-2019", "ciamis-2024")
ORDERS = ("random", "log-logistic", "size=0.5", "area=0.5", "missing=0.15", "adverse=0.1")
UPLOADED = "form_uploaded_at"
DELTA = Constants().delta


@dataclass(frozen=True, slots=True)
class Case:
    """One area of one election under one design and one order of arrival.

    Attributes
    ----------
    election, area : str
        Folder of the shared data, and the regency where it is but a part.
    group : str
        What is pooled with it.
    method, strata, n
        The design; n is at most half of the stations.
    arrival : str
        A model's name, a column of the official file, or ``form_uploaded_at`` (Bali's reports).
    parts : tuple of float
    replicates : int
    estimators : tuple of str
    estimate : tuple of (str, value)
        Keys of ``[estimate]`` in place of the defaults.
    """

    election: str
    area: str
    group: str
    method: str
    strata: str
    n: int
    arrival: str
    parts: tuple[float, ...] = PARTS
    replicates: int = 200
    estimators: tuple[str, ...] = ESTIMATORS
    estimate: tuple[tuple[str, object], ...] = ()

    @property
    def label(self) -> str:
        """Its name."""
        design = self.method + (f"/{self.strata}" if self.strata else "")
        set_to = "".join(f" {key}={value}" for key, value in self.estimate if key != "covariates")
        return f"{self.area or self.election} {design} n={self.n} {self.arrival}{set_to}"


def cases() -> Iterator[Case]:
    """List all cases, those whose answer is wanted first before the others."""
    designs = (("stratified", "district"), ("simple", ""))
    regencies = sorted(set(population("jawa-timur-2019", "").frame.table["regency"].astype(str)))
    islands = sorted(set(population("bali-2024", "").frame.table["regency"].astype(str)))
    for method, strata in designs:
        for arrival in (UPLOADED, "random"):
            for area in islands:
                yield Case("bali-2024", area, f"bali {arrival}", method, strata, 300, arrival)
        for area in regencies:
            yield Case(
                "jawa-timur-2019", area, f"jawa-timur random {method}", method, strata, 300, "random", estimators=FEWER
            )
    for area in regencies:
        group, order = "jawa-timur entered_at", "entered_at"
        yield Case("jawa-timur-2019", area, group, "stratified", "district", 300, order, estimators=FEWER)
    for election in SMALL:
        for method, strata in (*designs, ("systematic", "")):
            for arrival in ORDERS if method == "stratified" else ("random", "log-logistic"):
                yield Case(election, "", f"small {arrival}", method, strata, 300, arrival)
        yield Case(election, "", "one percent", "stratified", "district", 700, "random", (0.01, 0.02, 0.05))
    for n in (300, 1000):
        for arrival in ("batch", "random"):
            for delta in (DELTA, 0.25) if arrival == "batch" else (DELTA,):
                group = f"bolivia {arrival}" + (" stress" if delta > 0.2 else "")
                told = (("covariates", ("size", "locality")), ("delta", delta))
                yield Case("bolivia-2019", "", group, "stratified", "province", n, arrival, EARLY, estimate=told)
    for order in ("random", "entered_at"):
        group = f"province {order}"
        yield Case("jawa-timur-2019", "", group, "stratified", "regency", 600, order, PARTS, 100, FEWER[:2])


def lay_out(case: Case) -> Stage:
    """Make ready to replay a case."""
    own = population(case.election, case.area)
    by_upload = case.arrival == UPLOADED
    plan = plan_for(case, own)
    at = stage(own, replace(plan, arrival="random") if by_upload else plan)
    return replace(at, model=uploaded(own)) if by_upload else at


def plan_for(case: Case, own: Population) -> BacktestPlan:
    """Compose the plan of a case."""
    n = case.n if case.n <= 0.8 * len(own.frame) else len(own.frame) // 2
    return plan_of(
        own.contest,
        design={"n": n, "strata": case.strata or None, "method": case.method, "seed": "1"},
        estimators=case.estimators,
        arrival=case.arrival,
        received=case.parts,
        replicates=case.replicates,
        estimate=dict(case.estimate),
    )


@cache
def population(election: str, area: str) -> Population:
    """Open an election; Bali and Bolivia as their own functions say."""
    if area:
        return restricted(population(election, ""), area)
    contest = load_contest(SHARED / election)
    if election == "bali-2024":
        return bali(contest)
    whole = open_population(contest)
    return with_locality(whole) if election == "bolivia-2019" else whole


def restricted(whole: Population, regency: str) -> Population:
    """Keep one regency."""
    inside = (whole.frame.table["regency"].astype(str) == regency).to_numpy()
    frame = whole.frame.restrict(f"regency={regency}")
    counts = whole.counts
    own = Counts(
        counts.votes[inside],
        counts.invalid[inside],
        counts.ballots[inside],
        counts.registered[inside],
        counts.seen[inside],
        counts.kept_out[inside],
    )
    return Population(whole.contest, frame, own, 0, whole.sha256)


def with_locality(whole: Population) -> Population:
    """Add the size of the locality: the logarithm of the voters of the station's municipality, the third level."""
    frame = whole.frame
    codes = frame.areas("district").codes
    size = np.log(np.bincount(codes, np.nan_to_num(frame.registered)))[codes]
    return replace(whole, frame=replace(frame, table=frame.table.assign(locality=size)))


def bali(contest: Contest) -> Population:
    """Take the stations that reported; their roll is unknown, as it is known almost only where a form was read."""
    frame, reports = load_frame(contest), _reports()
    row = frame.rows_of(reports["tps_id"])
    reports = reports.iloc[np.argsort(row)]
    table = frame.table.iloc[np.sort(row)].reset_index(drop=True).assign(registered=np.nan)
    part: Frame = replace(frame, table=table)
    votes = reports[contest.vote_columns].to_numpy(dtype=np.float64)
    invalid = reports["invalid"].to_numpy(dtype=np.float64, na_value=np.nan)
    seen = np.ones(len(table), dtype=np.bool_)
    counts = Counts(votes, invalid, votes.sum(axis=1) + invalid, part.registered, seen, ~seen)
    return Population(contest, part, counts, len(frame) - len(table), "")


def uploaded(own: Population) -> Recorded:
    """Give the order in which Bali's forms were uploaded; stamps before the end of voting are tests: never in."""
    reports = _reports().set_index("tps_id").loc[own.frame.table["tps_id"]]
    zone = own.contest.returns.timezone or ZoneInfo("Asia/Jakarta")
    times = pd.to_datetime(reports[UPLOADED])
    seconds = (times.dt.tz_localize(zone) - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1)
    return Recorded(UPLOADED, seconds.to_numpy(dtype=np.float64))


@cache
def _reports() -> pd.DataFrame:
    contest = load_contest(SHARED / "bali-2024")
    reports = pd.read_parquet(contest.folder / contest.returns.path)
    end_of_voting = f"{contest.about.election_day.isoformat()}T13:00"
    return reports[reports[UPLOADED] >= end_of_voting].reset_index(drop=True)
