"""Settles which return holds for each station at a moment."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from estimation import checks
from estimation.arrays import IntArray
from estimation.contest import Contest
from estimation.frame import Frame
from estimation.returns.content import canonical
from estimation.returns.intake import Intake
from estimation.rules import Findings

Broken = dict[str, tuple[str, NDArray[np.bool_]]]  # by code: the column to look at, and the rows that break the rule


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
    kept_out: NDArray[np.bool_]

    def codes(self) -> list[str]:
        """Give the broken error rules of each row as one text, ``E203,E205``; '' where there is none."""
        said = [""] * len(self.row)
        for code, (_, bad) in sorted(self.errors.items()):
            for i in np.flatnonzero(bad):
                said[i] += f",{code}" if said[i] else code
        return said


@dataclass(frozen=True, slots=True)
class Judge:
    """The rules of the form, made ready for one contest and its frame.

    Attributes
    ----------
    contest : Contest
    frame : Frame
    index : pandas.Index
        ``tps_id`` of the frame.
    villages : numpy.ndarray of intp, shape (N,)
    """

    contest: Contest
    frame: Frame
    index: pd.Index
    villages: IntArray

    @classmethod
    def of(cls, contest: Contest, frame: Frame) -> "Judge":
        """Look the frame's stations and villages up once, for any number of files."""
        return cls(contest, frame, pd.Index(frame.table["tps_id"]), frame.areas("village").codes)

    def __call__(self, table: pd.DataFrame) -> Verdicts:
        """Check every row by itself; see :func:`~estimation.checks.form_errors`."""
        returns, votes = self.contest.returns, self.contest.vote_columns
        limits = checks.Limits(returns.allowance, returns.ballot_reserve, returns.max_registered)
        row = np.asarray(self.index.get_indexer(pd.Index(table["tps_id"])), dtype=np.intp)
        known = row >= 0
        registered = self.frame.registered
        roll = np.where(known, registered[row], np.nan) if len(registered) else np.full(len(row), np.nan)
        village = np.where(known, self.villages[row], -1) if len(registered) else row
        rolls = pd.DataFrame({"village": self.villages, "registered": registered})
        errors = checks.form_errors(table, votes, roll, village, rolls, limits)
        errors["E207"] = ("tps_id", ~known)
        errors["E212"] = ("status", (table["status"] == "rejected").to_numpy(dtype=np.bool_))
        unreadable = table["unreadable"].to_numpy(dtype=np.bool_)
        kept_out = unreadable | np.logical_or.reduce([bad for _, bad in errors.values()])
        return Verdicts(row, errors, checks.form_warnings(table, votes, roll, limits), kept_out)


@dataclass(frozen=True, slots=True)
class Resolution:
    """What holds at a moment.

    Attributes
    ----------
    table : pandas.DataFrame
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

    table: pd.DataFrame
    findings: Findings
    outside: int
    untimed: int
    as_of: datetime | None


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
    table = intake.table
    if as_of is not None:
        table = table[table["received_at"].isna() | (table["received_at"] <= as_of)]
    judge = Judge.of(contest, frame)
    row = np.asarray(judge.index.get_indexer(pd.Index(table["tps_id"])), dtype=np.intp)
    table = table.assign(row=row)
    in_sample = np.isin(row, asked)
    apart = ((row >= 0) & ~in_sample) | np.asarray(table["tps_id"].isin(frame.elsewhere), dtype=np.bool_)
    outside = int(table.loc[apart, "tps_id"].nunique())
    table = table[~apart].reset_index(drop=True)
    table, found = _judge(judge, table)
    reading = intake.findings.table
    # what reading found in a row that is set apart here, or not received yet, is said with that row or not at all
    apart_rows = set(zip(intake.table["file"], intake.table["line"], strict=True))
    apart_rows -= set(zip(table["file"], table["line"], strict=True))
    mine = [place not in apart_rows for place in zip(reading["file"], reading["line"], strict=True)]
    kept = Findings(reading[pd.Series(mine, index=reading.index, dtype=bool)])
    of_frame = table[table["row"] >= 0]
    held, disagree = _hold(of_frame, contest.vote_columns)
    first = of_frame.groupby("row")["received_at"].min().rename("first_received")
    held = held.merge(first, left_on="row", right_index=True, how="left")
    far = _far_from_village(contest, frame, held)
    findings = Findings.join(kept.errors, *found["E"], *disagree, kept.warnings, *found["W"], *far)
    last = table["received_at"].max()
    moment = as_of or (None if pd.isna(last) else last.to_pydatetime())
    untimed = int((held["received_at"].isna() & held["usable"]).sum())
    return Resolution(held, findings, outside, untimed, moment)


def _judge(judge: Judge, table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, list[Findings]]]:
    """Check every row by the rules of the form; adds the column ``kept_out``, and lists what is broken."""
    verdicts = judge(table)
    errors, kept_out = dict(verdicts.errors), verdicts.kept_out
    blank = errors.pop("E201")[1] & ~table["unreadable"].to_numpy(dtype=np.bool_)
    votes = judge.contest.vote_columns
    found: dict[str, list[Findings]] = {"E": [], "W": []}
    for name in votes:
        found["E"] += _list("E201", table, blank & table[name].isna().to_numpy(), name)
    for code, (column, bad) in sorted(errors.items()):
        found["E"] += _list(code, table, bad, column)
    for code, (column, bad) in sorted(verdicts.warnings.items()):
        found["W"] += _list(code, table, bad & ~kept_out, column)
    return table.assign(kept_out=kept_out), found


def _far_from_village(contest: Contest, frame: Frame, held: pd.DataFrame) -> list[Findings]:
    """Compare the returns that hold with the others of their village."""
    used = held[held["usable"]]
    votes = used[contest.vote_columns].to_numpy(dtype=np.float64)
    village = frame.areas("village").codes[used["row"].to_numpy(dtype=np.intp)]
    return _list("W207", used, checks.far_from_village(votes, village), contest.vote_columns[0])


def _list(code: str, table: pd.DataFrame, bad: NDArray[np.bool_], column: str) -> list[Findings]:
    """List a rule at the rows that break it, in the order of their files; nothing where none does."""
    if not bad.any():
        return []
    where = table[bad].sort_values("file", kind="stable")
    files, lines = where["file"].tolist(), where["line"].to_numpy()
    return [checks.findings(code, files, lines, column, _shown(where, column), where["tps_id"].tolist())]


def _shown(part: pd.DataFrame, column: str) -> list[object]:
    if column not in part:
        return [""] * len(part)
    values = part[column]
    if values.dtype == np.float64:
        return ["" if np.isnan(value) else int(value) for value in values]
    return list(values)


def _hold(table: pd.DataFrame, votes: list[str]) -> tuple[pd.DataFrame, list[Findings]]:
    """Pick the row that holds for each station, and list the stations whose sources disagree."""
    table = table[~_superseded(table)]
    verdicts = table[table["status"].isin(["verified", "rejected"])]
    verdicts = verdicts.sort_values(["received_at", "status"], ascending=[True, False], na_position="first")
    verdict = verdicts.drop_duplicates("row", keep="last").set_index("row")["status"]
    verified = table["row"].map(verdict).eq("verified")
    table = table[~verified | (table["status"] == "verified")]
    source = table["source"].fillna("").where(~verified, "verified")
    edition = table.get("edition", 0)  # where a file was overwritten, what it says now holds
    table = table.assign(_source=source, _edition=edition, _tie=_tie_break(table, source))
    order = ["row", "_source", "received_at", "_edition", "_tie"]
    table = table.sort_values(order, kind="stable", na_position="first")
    last = table.drop_duplicates(["row", "_source"], keep="last")
    counts = last[[*votes, "invalid", "total"]].fillna(-1)
    several = last["row"].duplicated(keep=False)
    different = counts.groupby(last["row"]).transform("nunique").max(axis=1) > 1 if several.any() else several
    bad = several & different
    held = last.sort_values(["row", "kept_out", "received_at"], na_position="first").drop_duplicates("row", keep="last")
    out = held["kept_out"] | held["row"].isin(last.loc[bad, "row"])
    held = held.assign(usable=~out).drop(columns=["_source", "_edition", "_tie", "kept_out", "unreadable"])
    return held.reset_index(drop=True), _list("E211", last, np.asarray(bad, dtype=np.bool_), "source")


def _superseded(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Find rows of which the source itself has a newer revision, for whichever station that one is."""
    if "submission" not in table or not table["submission"].notna().any():
        return np.zeros(len(table), dtype=np.bool_)
    revision = table["revision"].fillna(-1.0)
    newest = revision.groupby([table["source"].fillna(""), table["submission"]]).transform("max")
    return np.asarray(table["submission"].notna() & (revision < newest), dtype=np.bool_)


def _tie_break(table: pd.DataFrame, source: "pd.Series[str]") -> "pd.Series[str]":
    """Hash the content of rows that came from one source at one time, so that no file order decides."""
    same = table.assign(_source=source).duplicated(["row", "_source", "received_at"], keep=False)
    said = [sha256(text.encode("utf-8")).hexdigest() for text in canonical(table[same])]
    return pd.Series(said, index=table.index[same], dtype="str").reindex(table.index, fill_value="")
