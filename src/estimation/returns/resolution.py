"""Settles which return holds for each station at a moment."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from estimation import checks
from estimation.contest import Contest
from estimation.frame import Frame
from estimation.returns.intake import Intake
from estimation.rules import Findings
from estimation.survey.structure import IntArray


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
    one source, the latest by time of receipt (ties by content hash); sources that disagree make
    the station missing; a return that is kept out takes the station out, and its predecessor is
    not revived.

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
    row = frame.rows_of(table["tps_id"])
    table = table.assign(row=row)
    in_sample = np.isin(row, asked)
    apart = ((row >= 0) & ~in_sample) | np.asarray(table["tps_id"].isin(frame.elsewhere), dtype=np.bool_)
    outside = int(table.loc[apart, "tps_id"].nunique())
    table = table[~apart].reset_index(drop=True)
    table, found = _judge(contest, frame, table)
    reading = intake.findings.table
    seen = set(zip(table["file"], table["line"], strict=True))
    whole_file = reading["line"].isin([0, 1]) | (reading["code"] == "E213")
    mine = [(f, n) in seen for f, n in zip(reading["file"], reading["line"], strict=True)]
    kept = Findings(reading[(whole_file | pd.Series(mine, index=reading.index, dtype=bool)).astype(bool)])
    of_frame = table[table["row"] >= 0]
    held, disagree = _hold(of_frame, contest.vote_columns)
    first = of_frame.groupby("row")["received_at"].min().rename("first_received")
    held = held.merge(first, left_on="row", right_index=True, how="left")
    far = _far_from_village(contest, frame, held)
    findings = Findings.join(kept.errors, *found["E"], disagree, kept.warnings, *found["W"], far)
    last = table["received_at"].max()
    moment = as_of or (None if pd.isna(last) else last.to_pydatetime())
    untimed = int((held["received_at"].isna() & held["usable"]).sum())
    return Resolution(held, findings, outside, untimed, moment)


def _judge(contest: Contest, frame: Frame, table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, list[Findings]]]:
    """Check every row by the rules of the form; adds the column ``kept_out``."""
    limits = checks.Limits(contest.returns.allowance, contest.returns.ballot_reserve, contest.returns.max_registered)
    villages = frame.areas("village").codes
    row = table["row"].to_numpy()
    known = row >= 0
    roll = np.where(known, frame.registered[row], np.nan) if len(frame) else np.full(len(row), np.nan)
    village = np.where(known, villages[row], -1)
    rolls = pd.DataFrame({"village": villages, "registered": frame.registered})
    votes = contest.vote_columns
    errors = checks.form_errors(table, votes, roll, village, rolls, limits)
    errors["E207"] = ("tps_id", ~known)
    errors["E212"] = ("status", (table["status"] == "rejected").to_numpy(dtype=np.bool_))
    unreadable = table["unreadable"].to_numpy(dtype=np.bool_)
    kept_out = unreadable | np.logical_or.reduce([bad for _, bad in errors.values()])
    warnings = checks.form_warnings(table, votes, roll, limits)
    blank = errors.pop("E201")[1] & ~unreadable
    found = {"E": [_list("E201", table, blank & table[name].isna().to_numpy(), name) for name in votes]}
    found["E"] += [_list(code, table, bad, column) for code, (column, bad) in sorted(errors.items())]
    found["W"] = [_list(code, table, bad & ~kept_out, column) for code, (column, bad) in sorted(warnings.items())]
    return table.assign(kept_out=kept_out), found


def _far_from_village(contest: Contest, frame: Frame, held: pd.DataFrame) -> Findings:
    """Compare the returns that hold with the others of their village."""
    used = held[held["usable"]]
    votes = used[contest.vote_columns].to_numpy(dtype=np.float64)
    village = frame.areas("village").codes[used["row"].to_numpy(dtype=np.intp)]
    return _list("W207", used, checks.far_from_village(votes, village), contest.vote_columns[0])


def _list(code: str, table: pd.DataFrame, bad: NDArray[np.bool_], column: str) -> Findings:
    where = table[bad]
    if not len(where):
        return Findings.none()
    rows = [
        checks.findings(code, str(file), part["line"].to_numpy(), column, _shown(part, column), part["tps_id"].tolist())
        for file, part in where.groupby("file", sort=True)
    ]
    return Findings.join(*rows)


def _shown(part: pd.DataFrame, column: str) -> list[object]:
    if column not in part:
        return [""] * len(part)
    values = part[column]
    if values.dtype == np.float64:
        return ["" if np.isnan(value) else int(value) for value in values]
    return list(values)


def _hold(table: pd.DataFrame, votes: list[str]) -> tuple[pd.DataFrame, Findings]:
    """Pick the row that holds for each station, and list the stations whose sources disagree."""
    verdicts = table[table["status"].isin(["verified", "rejected"])]
    verdicts = verdicts.sort_values(["received_at", "status"], ascending=[True, False], na_position="first")
    verdict = verdicts.drop_duplicates("row", keep="last").set_index("row")["status"]
    verified = table["row"].map(verdict).eq("verified")
    table = table[~verified | (table["status"] == "verified")]
    source = table["source"].fillna("").where(~verified, "verified")
    table = table.assign(_source=source, _tie=_tie_break(table, source))
    table = table.sort_values(["row", "_source", "received_at", "_tie"], kind="stable", na_position="first")
    last = table.drop_duplicates(["row", "_source"], keep="last")
    counts = last[[*votes, "invalid", "total"]].fillna(-1)
    several = last["row"].duplicated(keep=False)
    different = counts.groupby(last["row"]).transform("nunique").max(axis=1) > 1 if several.any() else several
    bad = several & different
    held = last.sort_values(["row", "kept_out", "received_at"], na_position="first").drop_duplicates("row", keep="last")
    out = held["kept_out"] | held["row"].isin(last.loc[bad, "row"])
    held = held.assign(usable=~out).drop(columns=["_source", "_tie", "kept_out", "unreadable"])
    return held.reset_index(drop=True), _list("E211", last, np.asarray(bad, dtype=np.bool_), "source")


def _tie_break(table: pd.DataFrame, source: "pd.Series[str]") -> "pd.Series[str]":
    """Hash the content of rows that came from one source at one time, so that no file order decides."""
    same = table.assign(_source=source).duplicated(["row", "_source", "received_at"], keep=False)
    if not same.any():
        return pd.Series("", index=table.index, dtype="str")
    names = sorted(set(table.columns) - {"file", "line"})
    content = table.loc[same, names].astype(object).map(repr).agg("\x1f".join, axis=1)
    return content.map(lambda text: hashlib.sha256(text.encode("utf-8")).hexdigest()).reindex(
        table.index, fill_value=""
    )
