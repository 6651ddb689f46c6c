"""Settles which return holds for each station at a moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import chain

import numpy as np
import pandas as pd

from estimation import checks
from estimation.arrays import Array, BoolArray, IntArray
from estimation.contest import Contest
from estimation.frame import Frame
from estimation.returns.content import canonical_rows
from estimation.returns.intake import Intake
from estimation.returns.rows import MOMENT, Rows
from estimation.rules import Findings

Broken = dict[str, tuple[str, BoolArray]]  # by code: the column to look at, and the rows that break the rule


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What the rules of the form say of some rows.

    Attributes
    ----------
    row : numpy.ndarray of intp, shape (m,)
        In the frame; -1 where it doesn't know the station.
    errors, warnings : mapping of str to (str, numpy.ndarray of bool)
    kept_out : numpy.ndarray of bool, shape (m,)
        A rule that keeps a return out is broken, or a cell could not be read.
    """

    row: IntArray
    errors: Broken
    warnings: Broken
    kept_out: BoolArray

    def codes(self) -> list[str]:
        """Give the broken error rules of each row as one text, ``E203,E205``; '' where there is none."""
        said = [""] * len(self.row)
        for code, (_, bad) in sorted(self.errors.items()):
            for i in np.flatnonzero(bad):
                said[i] += f",{code}" if said[i] else code
        return said


@dataclass(frozen=True, slots=True)
class FormRules:
    """The rules of the form, made ready for one contest and its frame.

    Attributes
    ----------
    contest : Contest
    frame : Frame
    villages : numpy.ndarray of intp, shape (N,)
        Of the frame's stations.
    """

    contest: Contest
    frame: Frame
    villages: IntArray

    @classmethod
    def of(cls, contest: Contest, frame: Frame) -> "FormRules":
        """Look up the villages of the frame's stations once, for any number of files."""
        return cls(contest, frame, frame.areas("village").codes)

    def check(self, rows: Rows) -> Verdicts:
        """Check every row by itself; see :func:`~estimation.checks.form_errors`."""
        returns, votes = self.contest.returns, self.contest.vote_columns
        limits = checks.Limits(returns.allowance, returns.ballot_reserve, returns.max_registered)
        row = rows["row"] if "row" in rows else self.frame.rows_of(rows["tps_id"])
        known, registered = row >= 0, self.frame.registered
        roll = np.where(known, registered[row], np.nan) if len(registered) else np.full(len(row), np.nan)
        village = np.where(known, self.villages[row], -1) if len(registered) else row
        rolls = {"village": self.villages, "registered": registered}
        errors = checks.form_errors(rows, votes, roll, village, rolls, limits)
        errors["E207"] = ("tps_id", ~known)
        errors["E212"] = ("status", rows.equal("status", "rejected"))
        kept_out = rows["unreadable"] | np.logical_or.reduce([bad for _, bad in errors.values()])
        return Verdicts(row, errors, checks.form_warnings(rows, votes, roll, limits), kept_out)


@dataclass(frozen=True, slots=True)
class Resolution:
    """What holds at a moment.

    Attributes
    ----------
    rows : Rows
        One row for each station with a return: ``row`` (in the frame), ``usable``, the counts,
        ``received_at``, ``first_received`` (of all its returns), ``file``, ``line``. A station whose return is
        kept out has usable False.
    findings : Findings
        What is wrong with the returns received so far, errors first.
    outside : int
        Stations with returns from outside the sample, set apart.
    untimed : int
        Returns without a time of receipt that count as received.
    as_of : datetime or None
        The moment: the one asked for, else the last receipt; None where nothing has a time.
    """

    rows: Rows
    findings: Findings
    outside: int
    untimed: int
    as_of: datetime | None

    @property
    def table(self) -> pd.DataFrame:
        """Its rows as a table."""
        return self.rows.table


def resolve(
    contest: Contest,
    frame: Frame,
    intake: Intake,
    asked: IntArray,
    as_of: datetime | None = None,
) -> Resolution:
    """Settle which return holds for each station.

    The policy: a verified return holds before any other, unless it was rejected later; else, from
    one source, the latest by time of receipt (of returns of one time the one that the file says
    now, where it was overwritten, else by content hash); sources that disagree make the station
    missing; a return that is kept out takes the station out, and its predecessor is not revived.

    Parameters
    ----------
    asked : numpy.ndarray of intp
        Frame rows of the stations in the sample; returns of others are set apart.
    as_of : datetime, optional
        Look only at what had been received by then.
    """
    rows = received_by(intake.rows, as_of)
    row = frame.rows_of(rows["tps_id"])
    apart = ((row >= 0) & ~np.isin(row, asked)) | frame.is_elsewhere(rows["tps_id"])
    outside = len(set(rows.strings("tps_id", np.flatnonzero(apart))))
    rows = rows.assign(row=row).take(~apart)
    verdicts = FormRules.of(contest, frame).check(rows)
    errors, warnings = _broken(verdicts, rows, contest.vote_columns)
    rows = rows.assign(kept_out=verdicts.kept_out)
    reading = _of_rows_that_count(intake, rows)
    of_frame = rows.take(rows["row"] >= 0)
    held, disagree = _hold(of_frame, contest.vote_columns)
    first = np.full(len(frame), np.iinfo(np.int64).max)
    timed = ~np.isnat(of_frame["received_at"])
    np.minimum.at(first, of_frame["row"][timed], of_frame["received_at"][timed].view(np.int64))
    first = np.where(first == np.iinfo(np.int64).max, np.iinfo(np.int64).min, first)  # which is no time
    held = held.assign(first_received=first[held["row"]].view(MOMENT))
    far = _far_from_village(contest, frame, held)
    findings = Findings.join(reading.errors, *errors, *disagree, reading.warnings, *warnings, *far)
    untimed = int((np.isnat(held["received_at"]) & held["usable"]).sum())
    return Resolution(held, findings, outside, untimed, as_of or _last_receipt(rows))


def received_by(rows: Rows, as_of: datetime | None) -> Rows:
    """Give the rows received by a moment; those without a time count as received."""
    if as_of is None:
        return rows
    moment = np.datetime64(as_of.astimezone(UTC).replace(tzinfo=None), "ns")
    return rows.take(np.isnat(rows["received_at"]) | (rows["received_at"] <= moment))


def _last_receipt(rows: Rows) -> datetime | None:
    times = rows["received_at"][~np.isnat(rows["received_at"])]
    last: datetime | None = pd.Timestamp(times.max(), tz="UTC").to_pydatetime() if len(times) else None
    return last


def _of_rows_that_count(intake: Intake, rows: Rows) -> Findings:
    """Leave out what reading found in rows that are set apart, or not received yet: it is said with them, if at all."""
    if len(rows) == len(intake.rows) or not len(intake.findings):
        return intake.findings
    left_out = _places(intake.rows) - _places(rows)
    return intake.findings.keep((place.file, place.line) not in left_out for place in intake.findings.places())


def _places(rows: Rows) -> set[tuple[str, int]]:
    return set(zip(rows.strings("file"), rows["line"].tolist(), strict=True))


def _broken(verdicts: Verdicts, rows: Rows, votes: list[str]) -> tuple[list[Findings], list[Findings]]:
    """List the rules of the form that are broken: errors, and warnings on the rows that no error keeps out."""
    errors = dict(verdicts.errors)
    blank = errors.pop("E201")[1] & ~rows["unreadable"]
    of_errors = [_list("E201", rows, blank & np.isnan(rows[name]), name) for name in votes]
    of_errors += [_list(code, rows, bad, column) for code, (column, bad) in sorted(errors.items())]
    used = ~verdicts.kept_out
    of_warnings = [_list(code, rows, bad & used, column) for code, (column, bad) in sorted(verdicts.warnings.items())]
    return list(chain.from_iterable(of_errors)), list(chain.from_iterable(of_warnings))


def _far_from_village(contest: Contest, frame: Frame, held: Rows) -> list[Findings]:
    """Compare the returns that hold with the others of their village."""
    used = held.take(held["usable"])
    votes = np.stack([used[name] for name in contest.vote_columns], axis=-1)
    village = frame.areas("village").codes[used["row"]]
    return _list("W207", used, checks.far_from_village(votes, village), contest.vote_columns[0])


def _list(code: str, rows: Rows, bad: BoolArray, column: str) -> list[Findings]:
    """List a rule at the rows that break it, in the order of their files; nothing where none does."""
    where = np.flatnonzero(bad)
    if not len(where):
        return []
    files = rows.strings("file", where)
    order = sorted(range(len(files)), key=files.__getitem__)
    where = where[order]
    shown = _shown(rows, column, where)
    stations = rows.strings("tps_id", where)
    return [checks.findings(code, [files[i] for i in order], rows["line"][where], column, shown, stations)]


def _shown(rows: Rows, column: str, where: IntArray) -> Sequence[object]:
    if column not in rows:
        return [""] * len(where)
    values = rows[column]
    if not isinstance(values, np.ndarray):
        return rows.strings(column, where)
    return ["" if np.isnan(value) else int(value) for value in values[where]]


def _hold(rows: Rows, votes: list[str]) -> tuple[Rows, list[Findings]]:
    """Pick the row that holds for each station, and list the stations whose sources disagree."""
    rows = rows.take(~_superseded(rows))
    verified = _verified(rows)
    marked = rows.equal("status", "verified")
    use = ~verified | marked
    rows, verified = rows.take(use), verified[use]
    station, received = rows["row"], rows["received_at"].view(np.int64)  # none is the least of numbers
    source = np.where(verified, -1, rows.codes("source"))  # whatever the source: its verified returns are one
    edition = rows["edition"] if "edition" in rows else np.zeros(len(rows), dtype=np.int64)
    tie = _tie_break(rows, station, source, received)
    order = np.lexsort((tie, edition, received, source, station))
    last = rows.take(order[_last_of(station[order], source[order])])
    station, kept_out = last["row"], last["kept_out"]
    counts: Array = np.stack(
        [np.nan_to_num(last.get(name), nan=-1.0) for name in (*votes, "invalid", "total")], axis=-1
    )
    disagree = _differ_within(station, counts)
    order = np.lexsort((last["received_at"].view(np.int64), kept_out, station))
    chosen = order[_last_of(station[order])]
    usable = ~(kept_out | disagree)[chosen]
    held = last.take(chosen).assign(usable=usable).drop(("kept_out", "unreadable"))
    return held, _list("E211", last, disagree, "source")


def _last_of(*keys: IntArray) -> IntArray:
    """Find the last row of each run of rows with the same keys."""
    if not len(keys[0]):
        return np.zeros(0, dtype=np.intp)
    new = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    return np.flatnonzero(np.append(new, True))


def _differ_within(groups: IntArray, values: Array) -> BoolArray:
    """Tell which rows are in a group, of adjacent rows, that has more than one value in some column."""
    if not len(groups):
        return np.zeros(0, dtype=np.bool_)
    begins = np.flatnonzero(np.append(True, groups[1:] != groups[:-1]))
    different = (np.maximum.reduceat(values, begins) != np.minimum.reduceat(values, begins)).any(axis=1)
    return np.asarray(np.repeat(different, np.diff(np.append(begins, len(groups)))), dtype=np.bool_)


def _verified(rows: Rows) -> BoolArray:
    """Tell which rows are of a station whose last verdict is a confirmation, not a rejection."""
    rejected = rows.equal("status", "rejected")
    judged = np.flatnonzero(rejected | rows.equal("status", "verified"))
    if not len(judged):
        return np.zeros(len(rows), dtype=np.bool_)
    station = rows["row"]
    order = judged[np.lexsort((rejected[judged], rows["received_at"][judged].view(np.int64), station[judged]))]
    last = order[_last_of(station[order])]
    return np.isin(station, station[last[~rejected[last]]])


def _superseded(rows: Rows) -> BoolArray:
    """Find rows of which the source itself has a newer revision, for whichever station that one is."""
    if "submission" not in rows or rows["submission"].null_count == len(rows):
        return np.zeros(len(rows), dtype=np.bool_)
    named = np.asarray(rows["submission"].is_valid().to_numpy(zero_copy_only=False), dtype=np.bool_)
    revision = np.nan_to_num(rows["revision"], nan=-1.0)
    submission = rows.codes("submission")
    key = rows.codes("source") * (int(submission.max()) + 1) + submission
    _, group = np.unique(key, return_inverse=True)
    newest = np.full(len(rows), -np.inf)
    np.maximum.at(newest, group[named], revision[named])
    return np.asarray(named & (revision < newest[group]), dtype=np.bool_)


def _tie_break(rows: Rows, station: IntArray, source: IntArray, received: IntArray) -> IntArray:
    """Rank the rows that came from one source at one time by the hash of their content, so that no file order decides.

    Returns
    -------
    numpy.ndarray of intp, shape (n,)
        0 for a row that is alone.
    """
    rank = np.zeros(len(rows), dtype=np.intp)
    if len(rows) < 2:
        return rank
    order = np.lexsort((received, source, station))
    same = np.logical_and.reduce([key[order][1:] == key[order][:-1] for key in (station, source, received)])
    tied = order[np.append(same, False) | np.append(False, same)]
    if len(tied):
        hashes = [sha256(text.encode("utf-8")).hexdigest() for text in canonical_rows(rows.take(tied))]
        rank[tied] = np.unique(np.array(hashes), return_inverse=True)[1]
    return rank
