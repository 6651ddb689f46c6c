"""What a rehearsal needs of a contest that has no result yet: votes, the times of returns, the officers.

The result is drawn around an earlier election. The demo contests are made with the same constants.
"""

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from estimation.arrays import Array, IntArray
from estimation.baseline import PREFIX
from estimation.columns import AREA_LEVELS
from estimation.contest import Contest
from estimation.frame import Frame
from estimation.seeds import generator

# Standard deviations of the vote on the logit scale. They give the spread of the shares that the real
# Situbondo had in 2019: 0.146 over stations within kecamatan, 0.122 within desa.
VOTE_VILLAGE_SD, VOTE_STATION_SD = 0.34, 0.61
# The logit shares of Situbondo 2019 have an excess kurtosis of 2.8 within desa; a t with 6 df has 3.
STATION_DF = 6

# Turnout: sd near 0.06 over stations, a third of its variance between villages (Situbondo 2019: 0.4).
TURNOUT_VILLAGE_SD, TURNOUT_STATION_SD = 0.24, 0.33
TURNOUT_CEILING = 0.97  # the dead, the moved and those at sea stay on the roll

INVALID_SHARE = 0.0275  # of the ballots, where no figure is published; Gianyar 2024 had 2.7 %, Ciamis 2024 3.2 %
INVALID_VILLAGE_SD, INVALID_STATION_SD = 0.25, 0.40

BASELINE_CORRELATION = 0.78  # of the village logits; a cleavage that persists in the main
BASELINE_SWING = -0.10  # logit: candidate 1's side was a little weaker then
BASELINE_TURNOUT = 0.76

# Minutes after the polls close (13:00): nobody is done before 13:50, all who ever report are by
# midnight, half of them by 17:00. Between, the logits are normal.
FIRST, MEDIAN, LAST = 50, 240, 660
ARRIVAL_SD = 1.1  # logit scale: a tenth is in at about 14:45, nine tenths at about 20:30

ROLL = 400.0  # where no roll is known at all
DISTRICT_SD = 0.40  # of the vote on the logit scale, where no earlier election says how districts differ
LEAST = 0.02  # of the votes, that anybody is given in an earlier election


def imagine(contest: Contest, frame: Frame, seed: int | str) -> pd.DataFrame:
    """Draw the votes of every station: no forecast, but a result that hangs together.

    Log shares are those of the earlier election where the frame has one (its first k candidates), equal ones
    otherwise, plus a swing and effects of villages and stations. Their standard deviations are those of
    the constants above, less what the earlier election tells.

    Parameters
    ----------
    contest : Contest
    frame : Frame
        N stations.
    seed : int or str
        The same seed gives the same result.

    Returns
    -------
    pandas.DataFrame
        As ``official.csv`` has it: ``tps_id``, ``votes_1`` …, ``invalid``, ``total``.
    """
    k = len(contest.candidates)
    rng = generator(seed, "imagined")
    village, district = frame.areas("village").codes, frame.areas("district").codes
    roll = frame.registered
    known = np.isfinite(roll)
    roll = np.where(known, roll, np.median(roll[known]) if known.any() else ROLL)

    def effects(village_sd: float, station_sd: float, columns: int) -> Array:
        common = rng.normal(0, village_sd, (int(village.max()) + 1, columns))
        own = rng.standard_t(STATION_DF, (len(frame), columns)) * np.sqrt(1 - 2 / STATION_DF)
        return np.asarray(common[village] + station_sd * own)

    level = _log_shares(frame, k)
    left = np.sqrt(1 - BASELINE_CORRELATION**2)
    if level is None:
        # a contrast of two candidates has twice the variance of one
        level = rng.normal(0, DISTRICT_SD / np.sqrt(2), (int(district.max()) + 1, k))[district]
        of_village, of_station = 1.0, 1.0
    else:
        of_village, of_station = left, left if contest.baseline.level == "tps" else 1.0
    swing = rng.normal(0, abs(BASELINE_SWING) / np.sqrt(2), k)
    liking = effects(of_village * VOTE_VILLAGE_SD, of_station * VOTE_STATION_SD, k) / np.sqrt(2)
    odds = np.exp(level + swing + liking)
    turnout = expit(logit(BASELINE_TURNOUT) + effects(TURNOUT_VILLAGE_SD, TURNOUT_STATION_SD, 1)[:, 0])
    ballots = np.floor(roll * np.minimum(turnout, TURNOUT_CEILING)).astype(np.int64)
    spoilt = expit(logit(INVALID_SHARE) + effects(INVALID_VILLAGE_SD, INVALID_STATION_SD, 1)[:, 0])
    invalid = rng.binomial(ballots, spoilt)
    votes = rng.multinomial(ballots - invalid, odds / odds.sum(axis=1, keepdims=True))
    columns = {name: votes[:, j] for j, name in enumerate(contest.vote_columns)}
    return pd.DataFrame({"tps_id": frame.table["tps_id"], **columns, "invalid": invalid, "total": ballots})


def clock(late: Array) -> IntArray:
    """Turn lateness into seconds after the polls close.

    Parameters
    ----------
    late : numpy.ndarray, shape (n,)
        About standard normal; 0 is in the middle of the evening.

    Returns
    -------
    numpy.ndarray of int, shape (n,)
    """
    middle = logit((MEDIAN - FIRST) / (LAST - FIRST))
    minutes = FIRST + (LAST - FIRST) * expit(middle + ARRIVAL_SD * late)
    return np.asarray(np.rint(60 * minutes), dtype=np.int64)


def reporters(stations: pd.DataFrame) -> pd.Series:
    """Give every village one officer's code: P-001 and on, in the frame's order."""
    number = stations.groupby(list(AREA_LEVELS), sort=False, observed=True).ngroup() + 1
    return "P-" + number.astype(str).str.zfill(3)


def _log_shares(frame: Frame, k: int) -> Array | None:
    """Give the earlier election's log shares of its first k candidates, shape (N, k); None where it has fewer."""
    names = [f"{PREFIX}{number}" for number in range(1, k + 1)]
    if not set(names) <= set(frame.table.columns):
        return None
    shares = frame.table[names].to_numpy(dtype=np.float64)
    shares = np.where(np.isfinite(shares), shares, np.nanmean(shares, axis=0))
    return np.asarray(np.log(np.maximum(shares, LEAST)))
