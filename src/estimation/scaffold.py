"""A new contest folder: what it takes, written down with what each key means."""

import shutil
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from estimation.contest import Contest, load_contest
from estimation.errors import ContestError
from estimation.files import write_text

WESTERN = ZoneInfo("Asia/Jakarta")
CLOSES, EMBARGO = time(13), timedelta(hours=2)  # voting ends; UU 7/2017 art. 449: two hours later, on the western clock
EMPTY = "Kolom kosong"
FRAMES = {".csv", ".parquet"}


def init(
    folder: Path,
    *,
    title: str,
    kind: str,
    day: date,
    timezone: str,
    candidates: Sequence[str],
    rule: str = "plurality",
    n: int = 300,
    frame: Path | None = None,
) -> Contest:
    """Make a contest folder: ``contest.toml``, an empty ``inbox/``, and the frame where one is given.

    Publication is allowed from two hours after the end of voting in western Indonesia (UU 7/2017 art. 449), and
    release is ``internal`` until somebody decides otherwise.

    Parameters
    ----------
    folder : pathlib.Path
        Made if it isn't there; its name is the contest's id.
    title, kind : str
        As in ``[contest]``.
    day : date
        Of the election.
    timezone : str
        ``Asia/Jakarta``, ``Asia/Makassar`` or ``Asia/Jayapura``, or another of the time-zone database.
    candidates : sequence of str
        In the order of the ballot; with the rule ``single-candidate`` the empty column is added as the second.
    rule : str
        ``plurality``, ``majority-runoff`` or ``single-candidate``.
    n : int
        Stations to draw.
    frame : pathlib.Path, optional
        A CSV or Parquet file, copied as ``frame.csv`` or ``frame.parquet``.

    Raises
    ------
    ContestError
        The folder has a contest or a frame already, the frame can't be read, or the values make no contest; then
        nothing is left behind.
    """
    target = folder / "contest.toml"
    if target.exists():
        raise ContestError(f"{target}: there is a contest already: change it, or name another folder")
    copied = None if frame is None else folder / f"frame{frame.suffix.lower()}"
    if frame is not None and (not frame.is_file() or frame.suffix.lower() not in FRAMES):
        raise ContestError(f"{frame}: a frame is a CSV or Parquet file: name one that is there")
    if copied is not None and copied.exists():
        raise ContestError(f"{copied}: there is a frame already: move it away, or leave out --frame")
    text = _contest(folder.resolve().name, title, kind, day, timezone, candidates, rule, n, copied)
    write_text(target, text)
    try:
        contest = load_contest(folder)
    except ContestError:
        target.unlink()
        raise
    if frame is not None and copied is not None:
        shutil.copyfile(frame, copied)
    (folder / contest.returns.path).mkdir(exist_ok=True)
    return contest


def _contest(
    name: str,
    title: str,
    kind: str,
    day: date,
    timezone: str,
    candidates: Sequence[str],
    rule: str,
    n: int,
    frame: Path | None,
) -> str:
    """Compose ``contest.toml`` with a comment beside what has to be decided."""
    import tomlkit

    made = tomlkit.document()
    made.add(tomlkit.comment("What is decided, and how. Check it with: quickcount check FOLDER"))
    published = datetime.combine(day, CLOSES, WESTERN) + EMBARGO
    about: dict[str, tuple[Any, str]] = {
        "id": (name, ""),
        "title": (title, ""),
        "kind": (kind, "presiden, gubernur, bupati, walikota, …"),
        "election_day": (day, ""),
        "timezone": (timezone, "the clock of the pages; WIB Asia/Jakarta, WITA Asia/Makassar, WIT Asia/Jayapura"),
        "publish_after": (published, "two hours after voting ends in western Indonesia (UU 7/2017 art. 449)"),
        "rule": (rule, "plurality, majority-runoff or single-candidate (against the empty column)"),
        "mode": ("live", "live or rehearsal"),
        "release": ("internal", "internal, embargoed or public; public needs the registration with KPU"),
    }
    made["contest"] = _table(about)
    entries = tomlkit.aot()
    names = [*candidates, *([EMPTY] if rule == "single-candidate" else [])]
    for number, candidate in enumerate(names, start=1):
        empty = {"empty_column": (True, "")} if rule == "single-candidate" and number == len(names) else {}
        entries.append(_table({"number": (number, "as on the ballot"), "name": (candidate, ""), **empty}))
    made["candidates"] = entries
    made["frame"] = _table({"path": (frame.name if frame else "frame.csv", "every station that can be drawn")})
    made["returns"] = _table(
        {
            "path": ("inbox", "returns as officers send them; read, never written"),
            "timezone": (timezone, "of times without an offset"),
        }
    )
    made["design"] = _table(
        {
            "method": ("stratified", ""),
            "strata": ("district", "kecamatan"),
            "n": (n, "what it is worth: quickcount design FOLDER"),
            "seed": (day.isoformat(), "for a draw that anybody can check: quickcount draw FOLDER --commit"),
        }
    )
    return tomlkit.dumps(made)


def _table(values: dict[str, tuple[Any, str]]) -> Any:
    import tomlkit

    table = tomlkit.table()
    for key, (value, comment) in values.items():
        table.add(key, value)
        if comment:
            table[key].comment(comment)
    return table
