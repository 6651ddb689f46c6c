"""A result for a contest that has none yet: drawn around an earlier election, to rehearse with."""

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from estimation.arrays import Array
from estimation.baseline import PREFIX
from estimation.contest import Contest
from estimation.frame import Frame
from estimation.seeds import generator
from estimation.simulation import populations as like

ROLL = 400.0  # where no roll is known at all
DISTRICT_SD = 0.40  # of the vote on the logit scale, where no earlier election says how districts differ
LEAST = 0.02  # of the votes, that anybody is given in an earlier election


def imagine(contest: Contest, frame: Frame, seed: int | str) -> pd.DataFrame:
    """Draw the votes of every station: no forecast, but a result that hangs together.

    Log shares are those of the earlier election where the frame has one (its first k candidates), equal ones
    otherwise, plus a swing and effects of villages and stations. Their standard deviations are those of
    :mod:`estimation.simulation.populations`, less what the earlier election tells.

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
        own = rng.standard_t(like.STATION_DF, (len(frame), columns)) * np.sqrt(1 - 2 / like.STATION_DF)
        return np.asarray(common[village] + station_sd * own)

    level = _log_shares(frame, k)
    left = np.sqrt(1 - like.BASELINE_CORRELATION**2)
    if level is None:
        # a contrast of two candidates has twice the variance of one
        level = rng.normal(0, DISTRICT_SD / np.sqrt(2), (int(district.max()) + 1, k))[district]
        of_village, of_station = 1.0, 1.0
    else:
        of_village, of_station = left, left if contest.baseline.level == "tps" else 1.0
    swing = rng.normal(0, abs(like.BASELINE_SWING) / np.sqrt(2), k)
    liking = effects(of_village * like.VOTE_VILLAGE_SD, of_station * like.VOTE_STATION_SD, k) / np.sqrt(2)
    odds = np.exp(level + swing + liking)
    turnout = expit(logit(like.BASELINE_TURNOUT) + effects(like.TURNOUT_VILLAGE_SD, like.TURNOUT_STATION_SD, 1)[:, 0])
    ballots = np.floor(roll * np.minimum(turnout, like.TURNOUT_CEILING)).astype(np.int64)
    spoilt = expit(logit(like.INVALID_SHARE) + effects(like.INVALID_VILLAGE_SD, like.INVALID_STATION_SD, 1)[:, 0])
    invalid = rng.binomial(ballots, spoilt)
    votes = rng.multinomial(ballots - invalid, odds / odds.sum(axis=1, keepdims=True))
    columns = {name: votes[:, j] for j, name in enumerate(contest.vote_columns)}
    return pd.DataFrame({"tps_id": frame.table["tps_id"], **columns, "invalid": invalid, "total": ballots})


def _log_shares(frame: Frame, k: int) -> Array | None:
    """Give the earlier election's log shares of its first k candidates, shape (N, k); None where it has fewer."""
    names = [f"{PREFIX}{number}" for number in range(1, k + 1)]
    if not set(names) <= set(frame.table.columns):
        return None
    shares = frame.table[names].to_numpy(dtype=np.float64)
    shares = np.where(np.isfinite(shares), shares, np.nanmean(shares, axis=0))
    return np.asarray(np.log(np.maximum(shares, LEAST)))
