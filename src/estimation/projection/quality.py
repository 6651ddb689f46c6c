"""What became of the returns: how many came, which were changed, doubted, rejected."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from estimation.arrays import IntArray
from estimation.contest import Contest
from estimation.frame import Frame
from estimation.returns import Counts, Intake, Resolution


@dataclass(frozen=True, slots=True)
class Quality:
    """The returns of the stations asked, counted by what became of them; all but the first are stations.

    Attributes
    ----------
    returns : int
        Rows received.
    stations : int
        That sent at least one.
    used : int
        Whose return is used.
    kept_out : int
        Whose return is kept out now.
    corrected : int
        Whose counts one source sent again, and changed.
    repeated : int
        Whose counts one source sent again, all alike.
    conflicting : int
        Whose sources disagree, with none verified.
    rejected : int
        Of which a verifier rejected a return.
    verified : int
        Of which a verifier confirmed one.
    """

    returns: int
    stations: int
    used: int
    kept_out: int
    corrected: int
    repeated: int
    conflicting: int
    rejected: int
    verified: int


def quality(
    contest: Contest,
    frame: Frame,
    intake: Intake,
    resolution: Resolution,
    counts: Counts,
    asked: IntArray,
    as_of: datetime | None,
) -> Quality:
    """Count what became of the returns that had been received by a moment.

    Parameters
    ----------
    asked : numpy.ndarray of intp
        Frame rows of the stations in the sample; returns of others are not counted.
    as_of : datetime, optional
        The moment; all returns without one.
    """
    table = intake.table
    if as_of is not None:
        table = table[table["received_at"].isna() | (table["received_at"] <= as_of)]
    row = np.asarray(pd.Index(frame.table["tps_id"]).get_indexer(pd.Index(table["tps_id"])), dtype=np.intp)
    table = table.assign(row=row)[np.isin(row, asked)]
    said = table[[*contest.vote_columns, "invalid", "total"]].fillna(-1)
    again = said.groupby([table["row"], table["source"].fillna("")])
    several, different = again.size() > 1, again.nunique().max(axis=1) > 1
    changed = set(different[different].index.get_level_values(0)) if len(table) else set()
    repeated = set(several[several].index.get_level_values(0)) - changed if len(table) else set()
    found = resolution.findings.table
    disagree = found.loc[(found["code"] == "E211").astype(bool), "tps_id"]
    return Quality(
        returns=len(table),
        stations=int(table["row"].nunique()),
        used=int(counts.seen.sum()),
        kept_out=int(counts.kept_out.sum()),
        corrected=len(changed),
        repeated=len(repeated),
        conflicting=int(disagree.nunique()),
        rejected=int(table.loc[table["status"] == "rejected", "row"].nunique()),
        verified=int(table.loc[table["status"] == "verified", "row"].nunique()),
    )
