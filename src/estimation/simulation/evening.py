"""The evening of an election: when each station's count comes in, and what is wrong with some of them.

Early returns are no random part of the population: small stations come first, villages have a delay
of their own, and that delay goes with how the village votes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from estimation.seeds import generator
from estimation.simulation.populations import PATH, Array, IntArray, Population, correlated

# Minutes after the polls close (13:00): nobody is done before 13:50, all who ever report are by
# midnight, half of them by 17:00. Between, the logits are normal.
FIRST, MEDIAN, LAST = 50, 240, 660
ARRIVAL_SD = 1.1  # logit scale: a tenth is in at about 14:45, nine tenths at about 20:30

# Shares of the variance of the arrival: the village (its road and its officer), the roll, the rest.
VILLAGE_PART, SIZE_PART, STATION_PART = 0.25, 0.15, 0.60
DELAY_VOTE_CORRELATION = 0.25  # of a village's delay with its vote for candidate 1 within the district

NEVER = 0.015  # of the stations: no return all evening
MISREAD = 0.01  # of the stations: one digit misread, so that the sum doesn't add up
CORRECTED = 0.5  # of the misread ones
CORRECTION_MINUTES = (20, 70)
DUPLICATES = 2
EXCESS = (1.15, 1.30)  # times the roll: above the 10 per cent that the checks allow
LEAD_MINUTES = 6  # a return under a wrong code goes this long before the right one

COUNTS = ["votes_1", "votes_2", "invalid", "total"]
COLUMNS = ["tps_id", "received_at", *COUNTS, "registered", "source", "reporter"]
# The corrections come from another sheet, with the office's own headers.
INDONESIAN = {
    "tps_id": "kode_tps",
    "received_at": "diterima",
    "votes_1": "suara_1",
    "votes_2": "suara_2",
    "invalid": "suara_tidak_sah",
    "total": "jumlah_suara",
    "registered": "dpt",
    "source": "sumber",
    "reporter": "petugas",
}


@dataclass(frozen=True, slots=True, eq=False)
class Faults:
    """Which returns go wrong: positions among the returns, all different from each other.

    Attributes
    ----------
    misread : IntArray
        One digit of a candidate's votes is another one.
    excess : int
        More ballots than the roll allows.
    duplicate : IntArray
        Sent twice, the same row.
    stray : int
        Sent first under a code that is not in the frame.
    """

    misread: IntArray
    excess: int
    duplicate: IntArray
    stray: int


def returns(population: Population, closes: datetime, seed: int | str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Simulate the returns of one evening.

    Parameters
    ----------
    population : Population
    closes : datetime.datetime
        When voting ends, with its offset.
    seed : int or str
        The same seed gives the same evening.

    Returns
    -------
    laporan, koreksi : pandas.DataFrame
        The returns with canonical column names, and the later corrections with Indonesian ones;
        both in order of arrival.
    """
    rng = generator(seed, "evening")
    sent = population.frame.merge(population.official, on="tps_id", validate="one_to_one")
    sent = sent.assign(second=_seconds(sent, rng), source="petugas", reporter=_reporters(sent))
    reporting = np.sort(rng.permutation(len(sent))[round(NEVER * len(sent)) :])
    true = sent.loc[reporting].reset_index(drop=True)
    faults = _choose(true, round(MISREAD * len(sent)), rng)

    wrong = _exceed(_misread(true, faults.misread, rng), faults.excess, rng)
    laporan = pd.concat([wrong, true.loc[faults.duplicate], _stray(true, faults.stray)])

    corrected = faults.misread[: round(CORRECTED * len(faults.misread))]
    koreksi = true.loc[corrected]
    later = 60 * rng.uniform(*CORRECTION_MINUTES, len(corrected))
    koreksi = koreksi.assign(second=koreksi["second"] + np.rint(later).astype(np.int64))
    return _stamp(laporan, closes), _stamp(koreksi, closes).rename(columns=INDONESIAN)


def _seconds(stations: pd.DataFrame, rng: np.random.Generator) -> IntArray:
    """Draw when each station's return arrives, in seconds after the polls close, (N,)."""
    village = stations.groupby(PATH, sort=False).ngroup().to_numpy()
    delay = correlated(_village_effect(stations), DELAY_VOTE_CORRELATION, rng)[village]
    roll = stations["registered"].to_numpy(np.float64)
    size = (roll - roll.mean()) / roll.std()
    own = rng.normal(size=len(stations))
    late = np.sqrt(VILLAGE_PART) * delay + np.sqrt(SIZE_PART) * size + np.sqrt(STATION_PART) * own
    middle = logit((MEDIAN - FIRST) / (LAST - FIRST))
    minutes = FIRST + (LAST - FIRST) * expit(middle + ARRIVAL_SD * (late - np.median(late)))
    seconds: NDArray[np.int64] = np.rint(60 * minutes).astype(np.int64)
    return seconds


def _village_effect(stations: pd.DataFrame) -> Array:
    """Give each village's logit share of candidate 1, less that of its district, (V,)."""
    votes = stations.groupby(PATH, sort=False)[["votes_1", "votes_2"]].sum()
    district = votes.groupby(PATH[:3], sort=False).transform("sum")
    odds = (votes["votes_1"] / votes["votes_2"]) / (district["votes_1"] / district["votes_2"])
    return np.asarray(np.log(odds.to_numpy(np.float64)))


def _reporters(stations: pd.DataFrame) -> pd.Series:
    """Give every village one officer's code: P-001 and on, in the frame's order."""
    number = stations.groupby(PATH, sort=False).ngroup() + 1
    return "P-" + number.astype(str).str.zfill(3)


def _choose(true: pd.DataFrame, misread: int, rng: np.random.Generator) -> Faults:
    """Pick the stations of every kind of fault, none twice."""
    order = rng.permutation(len(true))
    start = misread + 1 + DUPLICATES
    return Faults(order[:misread], int(order[misread]), order[misread + 1 : start], int(order[start]))


def _misread(sent: pd.DataFrame, rows: IntArray, rng: np.random.Generator) -> pd.DataFrame:
    """Misread the last or last but one digit of one candidate's votes; the total stays."""
    votes = sent[["votes_1", "votes_2"]].to_numpy(np.int64, copy=True)
    candidate = rng.integers(2, size=len(rows))
    value = votes[rows, candidate]
    unit = np.where((value >= 10) & (rng.random(len(rows)) < 0.5), 10, 1)
    digit = value // unit % 10
    read = (digit + rng.integers(1, 10, size=len(rows))) % 10
    votes[rows, candidate] = value + (read - digit) * unit
    return sent.assign(votes_1=votes[:, 0], votes_2=votes[:, 1])


def _exceed(sent: pd.DataFrame, row: int, rng: np.random.Generator) -> pd.DataFrame:
    """Raise one return's first votes until its total exceeds the roll; the sum still adds up."""
    target = np.rint(sent["registered"] * rng.uniform(*EXCESS)).astype(np.int64)
    extra = (target - sent["total"]).where(sent.index == row, 0)
    return sent.assign(votes_1=sent["votes_1"] + extra, total=sent["total"] + extra)


def _stray(true: pd.DataFrame, row: int) -> pd.DataFrame:
    """Repeat one return, a little earlier, under a TPS number that its village doesn't have."""
    stray = true.loc[[row]]
    code = stray["tps_id"].str[:10] + "9" + stray["tps_id"].str[11:]
    return stray.assign(tps_id=code, second=stray["second"] - 60 * LEAD_MINUTES)


def _stamp(rows: pd.DataFrame, closes: datetime) -> pd.DataFrame:
    rows = rows.sort_values(["second", "tps_id"], kind="stable", ignore_index=True)
    times = [(closes + timedelta(seconds=int(second))).isoformat() for second in rows["second"]]
    return rows.assign(received_at=times)[COLUMNS]
