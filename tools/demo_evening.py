"""The evening of a demo: when each station's count comes in, and what is wrong with some of them.

Early returns are no random part of the population: small stations come first, villages have a delay
of their own, and that delay goes with how the village votes.
"""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from demo_population import PATH, Array, IntArray, Population, correlated

from estimation.seeds import generator
from estimation.simulation.faults import forms
from estimation.simulation.synthetic_result import clock, reporters

# Shares of the variance of the arrival: the village (its road and its officer), the roll, the rest.
VILLAGE_PART, SIZE_PART, STATION_PART = 0.25, 0.15, 0.60
DELAY_VOTE_CORRELATION = 0.25  # of a village's delay with its vote for candidate 1 within the district

NEVER = 0.015  # of the stations: no return all evening
MISREAD = 0.01  # of the stations: one digit misread, so that the sum doesn't add up
CORRECTED = 0.5  # of the misread ones
CORRECTION_MINUTES = (20, 70)
DUPLICATES = 2
LEAD_MINUTES = 6  # a return under a wrong code goes this long before the right one

VOTES = ["votes_1", "votes_2"]
COUNTS = [*VOTES, "invalid", "total"]
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
    sent = sent.assign(second=_seconds(sent, rng), source="petugas", reporter=reporters(sent))
    reporting = np.sort(rng.permutation(len(sent))[round(NEVER * len(sent)) :])
    true = sent.loc[reporting].reset_index(drop=True)

    order = rng.permutation(len(true))  # the stations of every kind of fault, none twice
    misread, excess, duplicate, stray = np.split(order, np.cumsum([round(MISREAD * len(sent)), 1, DUPLICATES]))
    wrong = forms.exceed(forms.misread(true, misread, VOTES, rng), excess, VOTES[0], rng)
    codes = [forms.unknown_code(code, set(sent["tps_id"])) for code in true["tps_id"].iloc[stray[:1]]]
    early = true.assign(second=true["second"] - 60 * LEAD_MINUTES)
    strays = forms.recode(early, stray[:1], codes).loc[stray[:1]]
    laporan = pd.concat([wrong, true.loc[duplicate], strays])

    corrected = misread[: round(CORRECTED * len(misread))]
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
    return clock(np.asarray(late - np.median(late)))


def _village_effect(stations: pd.DataFrame) -> Array:
    """Give each village's logit share of candidate 1, less that of its district, (V,)."""
    votes = stations.groupby(PATH, sort=False)[VOTES].sum()
    district = votes.groupby(PATH[:3], sort=False).transform("sum")
    odds = (votes["votes_1"] / votes["votes_2"]) / (district["votes_1"] / district["votes_2"])
    return np.asarray(np.log(odds.to_numpy(np.float64)))


def _stamp(rows: pd.DataFrame, closes: datetime) -> pd.DataFrame:
    rows = rows.sort_values(["second", "tps_id"], kind="stable", ignore_index=True)
    times = [(closes + timedelta(seconds=int(second))).isoformat() for second in rows["second"]]
    return rows.assign(received_at=times)[COLUMNS]
