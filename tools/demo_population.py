"""A regency's polling stations, simulated so that they add up to what was published about it.

Published are the votes of each district (kecamatan), the final roll, the number of stations and the
villages. How the votes spread over villages and stations is simulated: normal village effects and
heavier-tailed station effects on the logit scale, around a district level solved for the published sum.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit

from estimation.columns import AREA_LEVELS
from estimation.errors import TableError
from estimation.seeds import generator
from estimation.simulation.synthetic_result import (
    BASELINE_CORRELATION,
    BASELINE_SWING,
    BASELINE_TURNOUT,
    INVALID_SHARE,
    INVALID_STATION_SD,
    INVALID_VILLAGE_SD,
    STATION_DF,
    TURNOUT_CEILING,
    TURNOUT_STATION_SD,
    TURNOUT_VILLAGE_SD,
    VOTE_STATION_SD,
    VOTE_VILLAGE_SD,
)

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]

PATH = list(AREA_LEVELS)

# Logit per sd of the roll: turnout and roll correlated by −0.08 to −0.17 in 2019 and in Ciamis 2024.
TURNOUT_BY_SIZE = -0.15
INVALID_DISTRICT_SD = 0.10

ROLL_MIN, ROLL_MAX = 90, 600  # at most 600 voters a station in the Pilkada of 2024
ROLL_VILLAGE_SD, ROLL_STATION_SD = 0.45, 0.30
ROLL_BY_VOTES = 0.8  # the rest by stations: district turnouts then differ by a few points

BASELINE_ROLL = 0.96  # of today's; rolls grow by about one per cent a year
BASELINE_TURNOUT_SD = 0.04


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What ``data/sources`` says about one regency.

    Attributes
    ----------
    regency : str
    registered : int
        Voters on the final roll (DPT).
    invalid : int or None
        Invalid votes; None where no figure was published.
    districts : pandas.DataFrame
        One row a district: ``district``, ``tps_total``, ``votes_1``, ``votes_2``.
    villages : pandas.DataFrame
        One row a village: ``village_code`` (text of 10 digits), the path, ``tps_february_2024``.
    candidates : pandas.DataFrame
        One row a pair: ``number``, ``name``, ``short``.
    """

    regency: str
    registered: int
    invalid: int | None
    districts: pd.DataFrame
    villages: pd.DataFrame
    candidates: pd.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """Every polling station of a simulated contest, with its true count.

    Attributes
    ----------
    frame : pandas.DataFrame
        ``tps_id``, the path, ``tps``, ``registered``; ordered by ``tps_id``.
    official : pandas.DataFrame
        ``tps_id``, ``votes_1``, ``votes_2``, ``invalid``, ``total``; in the frame's order.
    baseline : pandas.DataFrame
        An earlier election by village: the path, ``registered``, ``votes_1``, ``votes_2``.
    """

    frame: pd.DataFrame
    official: pd.DataFrame
    baseline: pd.DataFrame


def read_facts(folder: Path, regency: str) -> Facts:
    """Read what the sources say about a regency, and check that they agree with each other.

    Parameters
    ----------
    folder : pathlib.Path
        Holds ``rolls.csv``, ``votes-by-district.csv``, ``villages.csv`` and ``candidates.csv``.
    regency : str
        Name as in the sources, for example ``"SITUBONDO"``.

    Raises
    ------
    TableError
        If stations or villages don't add up to the regency's, or a village's path stands twice.
    """

    def rows(name: str) -> pd.DataFrame:
        table = pd.read_csv(folder / name, dtype=str, keep_default_na=False)
        return table[table["regency"] == regency].drop(columns="source").reset_index(drop=True)

    rolls, districts, villages = rows("rolls.csv"), rows("votes-by-district.csv"), rows("villages.csv")
    if len(rolls) != 1:
        raise TableError(f"rolls.csv has {len(rolls)} rows for {regency!r}, needs 1: add or mend its row")
    roll = rolls.iloc[0]
    districts = districts.astype({"tps_total": int, "votes_1": int, "votes_2": int})
    villages = villages.astype({"tps_february_2024": int}).sort_values("village_code", ignore_index=True)
    _check_facts(regency, roll, districts, villages)
    invalid = int(roll["invalid"]) if roll["invalid"] else None
    return Facts(regency, int(roll["registered"]), invalid, districts, villages, rows("candidates.csv"))


def _check_facts(regency: str, roll: pd.Series, districts: pd.DataFrame, villages: pd.DataFrame) -> None:
    found = {"stations": int(districts["tps_total"].sum()), "villages": len(villages)}
    for what, count in found.items():
        if count != int(roll[what]):
            raise TableError(f"{regency}: {count} {what} in the sources, but rolls.csv says {roll[what]}")
    twice = villages.loc[villages.duplicated(PATH), "village"].tolist()
    if twice:
        raise TableError(f"{regency}: the path of village {twice[0]!r} stands twice in villages.csv")
    if set(villages["district"]) != set(districts["district"]):
        raise TableError(f"{regency}: villages.csv and votes-by-district.csv name different districts")


def simulate(facts: Facts, seed: int | str) -> Population:
    """Simulate every station of a regency so that the published sums hold exactly.

    Per district the votes of each candidate, per regency the roll and (where published) the invalid
    votes equal the facts. All else is drawn.

    Parameters
    ----------
    facts : Facts
    seed : int or str
        The same seed gives the same population.

    Returns
    -------
    Population
    """
    frame = _stations(facts)
    village = pd.factorize(frame["village_code"])[0].astype(np.int64)
    district = pd.Index(facts.districts["district"]).get_indexer(pd.Index(frame["district"])).astype(np.int64)
    votes = facts.districts[["votes_1", "votes_2"]].to_numpy(np.int64)  # (D, 2)

    registered = _rolls(facts, village, district, seed)
    spoilt = _invalid_by_district(facts, seed)
    turnout = _effects(village, TURNOUT_VILLAGE_SD, TURNOUT_STATION_SD, generator(seed, "turnout"))
    turnout += TURNOUT_BY_SIZE * (registered - registered.mean()) / registered.std()
    room = np.asarray(TURNOUT_CEILING * registered, dtype=np.float64)
    ballots = spread_within(district, votes.sum(axis=1) + spoilt, room, turnout)
    spoiling = _effects(village, INVALID_VILLAGE_SD, INVALID_STATION_SD, generator(seed, "invalid"))
    invalid = spread_within(district, spoilt, ballots, spoiling)
    liking = _effects(village, VOTE_VILLAGE_SD, VOTE_STATION_SD, generator(seed, "votes"))
    first = spread_within(district, votes[:, 0], ballots - invalid, liking)

    official = pd.DataFrame({"tps_id": frame["tps_id"], "votes_1": first, "votes_2": ballots - invalid - first})
    official = official.assign(invalid=invalid, total=ballots)
    frame = frame[["tps_id", *PATH, "tps"]].assign(registered=registered)
    return Population(frame, official, _baseline(frame, official, seed))


def _stations(facts: Facts) -> pd.DataFrame:
    """List the stations: each district's, shared over its villages as in February 2024, at least one each."""
    february = facts.villages["tps_february_2024"].to_numpy(np.float64)
    count = np.zeros(len(february), dtype=np.int64)
    for name, stations in zip(facts.districts["district"], facts.districts["tps_total"], strict=True):
        inside = (facts.villages["district"] == name).to_numpy()
        quota = stations * february[inside] / february[inside].sum()
        beyond_one = np.maximum(quota - 1, 0)
        count[inside] = 1 + largest_remainder(stations - inside.sum(), beyond_one)
    frame = facts.villages.loc[np.repeat(np.arange(len(count)), count)].reset_index(drop=True)
    number = frame.groupby("village_code").cumcount() + 1
    tps = number.astype(str).str.zfill(3)
    return frame.assign(tps=tps, tps_id=frame["village_code"] + tps)


def _rolls(facts: Facts, village: IntArray, district: IntArray, seed: int | str) -> IntArray:
    """Share the regency's roll over districts, then over stations between ROLL_MIN and ROLL_MAX."""
    stations = facts.districts["tps_total"].to_numpy(np.int64)
    votes = facts.districts[["votes_1", "votes_2"]].to_numpy(np.float64).sum(axis=1)
    blend = ROLL_BY_VOTES * votes / votes.sum() + (1 - ROLL_BY_VOTES) * stations / stations.sum()
    by_district = largest_remainder(facts.registered, blend)
    effect = _effects(village, ROLL_VILLAGE_SD, ROLL_STATION_SD, generator(seed, "rolls"))
    room = np.full(len(village), float(ROLL_MAX - ROLL_MIN))
    return ROLL_MIN + spread_within(district, by_district - ROLL_MIN * stations, room, effect)


def _invalid_by_district(facts: Facts, seed: int | str) -> IntArray:
    valid = facts.districts[["votes_1", "votes_2"]].to_numpy(np.float64).sum(axis=1)
    total = facts.invalid
    if total is None:
        total = round(valid.sum() * INVALID_SHARE / (1 - INVALID_SHARE))
    effect = generator(seed, "invalid by district").normal(0, INVALID_DISTRICT_SD, len(valid))
    return spread(total, valid, effect)


def _baseline(frame: pd.DataFrame, official: pd.DataFrame, seed: int | str) -> pd.DataFrame:
    """Make an earlier election by village whose logit shares correlate with today's."""
    today = pd.concat([frame, official[["votes_1", "votes_2"]]], axis=1)
    sums = today.groupby(PATH, sort=False)[["registered", "votes_1", "votes_2"]].sum()
    now = logit((sums["votes_1"] / (sums["votes_1"] + sums["votes_2"])).to_numpy())
    rng = generator(seed, "baseline")
    then = now.mean() + BASELINE_SWING + now.std() * correlated(now, BASELINE_CORRELATION, rng)
    turnout = np.minimum(rng.normal(BASELINE_TURNOUT, BASELINE_TURNOUT_SD, len(now)), TURNOUT_CEILING)
    registered = np.rint(sums["registered"].to_numpy() * BASELINE_ROLL)
    valid = np.rint(registered * turnout)
    first = np.rint(valid * expit(then))
    counts = {"registered": registered, "votes_1": first, "votes_2": valid - first}
    return pd.DataFrame(counts, index=sums.index).astype(np.int64).reset_index()


def _effects(village: IntArray, village_sd: float, station_sd: float, rng: np.random.Generator) -> Array:
    """Draw village plus station effects, (N,), with the given standard deviations."""
    common = rng.normal(0, village_sd, village.max() + 1)
    own = rng.standard_t(STATION_DF, len(village)) * np.sqrt((STATION_DF - 2) / STATION_DF)
    return np.asarray(common[village] + station_sd * own)


def correlated(x: Array, r: float, rng: np.random.Generator) -> Array:
    """Draw standardised values whose correlation with ``x`` is exactly ``r``.

    Parameters
    ----------
    x : Array
        Shape (n,), n ≥ 3.
    r : float
        In [−1, 1].
    rng : numpy.random.Generator

    Returns
    -------
    Array
        Shape (n,), mean 0, standard deviation 1.
    """
    z = (x - x.mean()) / x.std()
    noise = rng.normal(size=len(z))
    noise -= noise.mean() + z * (noise @ z) / len(z)
    return np.asarray(r * z + np.sqrt(1 - r**2) * noise / noise.std())


def spread_within(group: IntArray, totals: IntArray, size: Array | IntArray, effect: Array) -> IntArray:
    """Apply `spread` within groups: ``totals[g]`` over the stations where ``group == g``."""
    out = np.zeros(len(group), dtype=np.int64)
    for g, total in enumerate(totals):
        inside = group == g
        out[inside] = spread(int(total), size[inside], effect[inside])
    return out


def spread(total: int, size: Array | IntArray, effect: Array) -> IntArray:
    """Spread a total over stations in proportion to size × expit(level + effect).

    The level is solved so that the expectations add up to the total; largest remainders make them
    whole, so that nobody gets more than his size rounded up.

    Parameters
    ----------
    total : int
        Above 0 and below the sum of ``size``.
    size : Array
        Shape (n,): the most that each can take.
    effect : Array
        Shape (n,), logit scale.

    Returns
    -------
    IntArray
        Shape (n,), adds up to ``total``.

    Raises
    ------
    TableError
        If the total doesn't fit the sizes.
    """
    if not 0 < total < size.sum():
        raise TableError(f"{total} can't be spread over room for {size.sum():.0f}: check the sources' sums")
    level = brentq(lambda a: float(size @ expit(a + effect)) - total, -40, 40, xtol=1e-13)
    return largest_remainder(total, size * expit(level + effect))


def largest_remainder(total: int, weight: Array) -> IntArray:
    """Share a whole number in proportion to weights (Hamilton's method; ties go to the first).

    Parameters
    ----------
    total : int
        At least 0.
    weight : Array
        Shape (n,), not negative, not all 0.

    Returns
    -------
    IntArray
        Shape (n,), adds up to ``total``.
    """
    quota = total * weight / weight.sum()
    share: IntArray = np.floor(quota).astype(np.int64)
    most = np.argsort(share - quota, kind="stable")[: total - share.sum()]
    share[most] += 1
    return share
