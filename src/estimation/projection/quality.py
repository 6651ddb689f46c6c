"""What became of the returns: how many came, which were changed, doubted, rejected."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from estimation.arrays import Array, IntArray
from estimation.contest import Contest
from estimation.frame import Frame
from estimation.returns import Counts, Intake, Resolution
from estimation.returns.resolution import received_by
from estimation.returns.rows import Rows


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
    rows = received_by(intake.rows, as_of)
    row = frame.rows_of(rows["tps_id"])
    rows = rows.assign(row=row).take(np.isin(row, asked))
    changed, repeated = _sent_again(contest, rows)
    conflicts = {place.tps_id for place in resolution.findings.places() if place.code == "E211"}
    return Quality(
        returns=len(rows),
        stations=len(np.unique(rows["row"])),
        used=int(counts.seen.sum()),
        kept_out=int(counts.kept_out.sum()),
        corrected=changed,
        repeated=repeated,
        conflicting=len(conflicts),
        rejected=len(np.unique(rows["row"][rows.equal("status", "rejected")])),
        verified=len(np.unique(rows["row"][rows.equal("status", "verified")])),
    )


def _sent_again(contest: Contest, rows: Rows) -> tuple[int, int]:
    """Count the stations of which one source sent several returns: with changed counts, and with the same."""
    if not len(rows):
        return 0, 0
    names = (*contest.vote_columns, "invalid", "total")
    counts: Array = np.stack([np.nan_to_num(rows.get(name), nan=-1.0) for name in names], axis=-1)
    source = rows.codes("source")
    order = np.lexsort((source, rows["row"]))
    station, source, counts = rows["row"][order], source[order], counts[order]
    begins = np.flatnonzero(np.append(True, (station[1:] != station[:-1]) | (source[1:] != source[:-1])))
    several = np.diff(np.append(begins, len(order))) > 1
    differ = (np.maximum.reduceat(counts, begins) != np.minimum.reduceat(counts, begins)).any(axis=1)
    changed = set(station[begins][differ].tolist())
    return len(changed), len(set(station[begins][several].tolist()) - changed)
