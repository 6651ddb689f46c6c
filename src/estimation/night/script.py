"""The script of a rehearsed evening: which file stands in the inbox when, and how it is played."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from estimation.files import write_bytes
from estimation.simulation.faults import KINDS, how_many
from estimation.simulation.faults.inject import NAIVE, OTHER

BY = ("minute", "quarter", "village")  # what a file holds: the returns of a time, or of a place
SLOTS = {"minute": 60, "quarter": 900}  # seconds
HALF_SECONDS = (20, 180)  # that a file stands half written
ZONES = (7, 8, 9)  # WIB, WITA, WIT


@dataclass(frozen=True, slots=True, eq=False)
class FileWrite:
    """A file as it stands from a moment on.

    Attributes
    ----------
    second : float
        After the polls close.
    file : str
    content : bytes
    whole : bool
        Put in its place at once; else written into it, as a careless program does.
    """

    second: float
    file: str
    content: bytes
    whole: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Script:
    """The evening.

    Attributes
    ----------
    events : tuple of FileWrite
        In their order.
    log : pandas.DataFrame
        The faults as :func:`estimation.simulation.faults.inject` logged them, with the half-written files, and
        ``file``, ``line`` and ``at`` (the right time of receipt; blank where nothing is sent).
    """

    events: tuple[FileWrite, ...]
    log: pd.DataFrame


def write_script(
    messages: pd.DataFrame,
    log: pd.DataFrame,
    columns: Sequence[str],
    closes: datetime,
    half_written: float,
    by: str,
    rng: np.random.Generator,
) -> Script:
    """Lay messages out into files of CSV.

    Parameters
    ----------
    messages, log : pandas.DataFrame
        See :class:`estimation.simulation.faults.Spoiled`.
    columns : sequence of str
        Of a file; ``received_at`` is written from ``stamp`` and ``clock``.
    closes : datetime
        When the polls close, with its zone.
    half_written : float
        Rate of files that stand half written for a while.
    by : str
        ``minute``, ``quarter``: the returns of a minute, or of a quarter of an hour, in a new file; ``village``: each
        village's officer adds to one.
    """
    sent = messages.sort_values(["second", "tps_id"], kind="stable").rename_axis("message").reset_index()
    sent = sent.assign(received_at=stamps(sent["stamp"], sent["clock"], closes))
    if by in SLOTS:
        sent = sent.assign(second=SLOTS[by] * (sent["second"] // SLOTS[by] + 1))
        sent["file"] = [
            (closes + timedelta(seconds=int(s))).strftime("laporan-%Y%m%d-%H%M.csv") for s in sent["second"]
        ]
    else:
        sent["file"] = sent["reporter"] + ".csv"
    sent["line"] = sent.groupby("file").cumcount() + 2
    rows = sent[list(columns)].to_csv(index=False, header=False, lineterminator="\n").splitlines(keepends=True)
    head = ",".join(columns) + "\n"
    events = []
    for file, places in sent.groupby("file", sort=False).indices.items():
        seconds = sent["second"].to_numpy()[places]
        for second in np.unique(seconds):
            text = head + "".join(rows[i] for i in places[seconds <= second])
            events.append(FileWrite(float(second), str(file), text.encode("utf-8")))
    at = sent.set_index("message")
    halves, extra = _half_written(events, sent, log, half_written, rng)
    log = pd.concat([log, extra], ignore_index=True)
    known = log["message"].where(log["message"] >= 0)
    log = log.assign(
        file=known.map(at["file"]).fillna(""),
        line=known.map(at["line"]).fillna(0).astype(np.int64),
        at=[_iso(closes, second) for second in known.map(at["stamp"])],
    )
    return Script(tuple(sorted([*events, *halves], key=lambda event: event.second)), log)


def _half_written(
    events: list[FileWrite], sent: pd.DataFrame, log: pd.DataFrame, rate: float, rng: np.random.Generator
) -> tuple[list[FileWrite], pd.DataFrame]:
    """Pick writings of files whose new rows have no other fault, and write their first part only, for a while.

    The chosen events are replaced in the list; the second halves are given back.
    """
    marked = set(log["message"])
    new = sent.groupby(["file", "second"])["message"].agg(list)
    clean = [i for i, event in enumerate(events) if marked.isdisjoint(new[event.file, event.second])]
    picked = rng.permutation(np.array(clean, dtype=np.intp))[: how_many(rate, len(events))]
    following = {(a.file, a.second): b.second for a, b in pairwise(events) if a.file == b.file}
    station = sent.set_index("message")["station"]
    later, entries = [], []
    for i in picked:
        whole = events[i]
        last_row = whole.content.rstrip(b"\n").rfind(b"\n") + 1
        cut = int(rng.integers(last_row + 1, len(whole.content) - 1))
        seconds = int(rng.integers(*HALF_SECONDS))
        events[i] = FileWrite(whole.second, whole.file, whole.content[:cut], whole=False)
        if whole.second + seconds < following.get((whole.file, whole.second), np.inf):
            later.append(FileWrite(whole.second + seconds, whole.file, whole.content, whole=False))
        what = f"the file ended after {cut} of {len(whole.content)} bytes for {seconds} s"
        rules = " ".join(KINDS["half_written"].rules)
        entries += [("half_written", station[m], m, what, rules) for m in new[whole.file, whole.second]]
    return later, pd.DataFrame(entries, columns=list(log.columns))


def stamps(seconds: "pd.Series[int]", clocks: "pd.Series[str]", closes: datetime) -> list[str]:
    """Write times: on the contest's clock with its offset, without it, or on a neighbour's clock."""
    own = closes.utcoffset() or timedelta()
    other = next((h for h in ZONES if timedelta(hours=h) != own), ZONES[0])
    said = []
    for second, clock in zip(seconds, clocks, strict=True):
        moment = closes + timedelta(seconds=int(second))
        if clock == NAIVE:
            moment = moment.replace(tzinfo=None)
        elif clock == OTHER:
            moment = moment.astimezone(timezone(timedelta(hours=other)))
        said.append(moment.isoformat())
    return said


def _iso(closes: datetime, second: float) -> str:
    return "" if np.isnan(second) else (closes + timedelta(seconds=int(second))).isoformat()


def play(
    script: Script,
    inbox: Path,
    *,
    speed: float = 0.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Play the evening into an inbox.

    Parameters
    ----------
    speed : float
        Seconds of the evening in one second: 1 as it was, 60 an hour in a minute; 0 all at once.
    clock, sleep : callable
        Of seconds; for tests.
    progress : callable, optional
        Is told how many of how many writings are done.
    """
    begin = clock()
    for done, event in enumerate(script.events, start=1):
        if speed > 0:
            sleep(max(0.0, begin + event.second / speed - clock()))
        if event.whole:
            write_bytes(inbox / event.file, event.content)
        else:
            (inbox / event.file).write_bytes(event.content)
        if progress is not None:
            progress(done, len(script.events))
