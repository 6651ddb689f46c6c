"""Reads all that came in: one file, every file of the inbox, or a table of a database."""

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from estimation import checks
from estimation.contest import Contest
from estimation.errors import EstimationError, ReturnsError
from estimation.frame import Frame, load_frame
from estimation.returns.readers import Batch, Source
from estimation.returns.readers.files import read_file
from estimation.rules import Findings

_KPU_FOLDER = re.compile(r"\d+|hhcw|ppwp|pkwkp|pkwkk", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Intake:
    """Every row that was received, as it was received.

    Attributes
    ----------
    table : pandas.DataFrame
        See :class:`~estimation.returns.readers.Batch`.
    findings : Findings
        Of reading.
    sha256 : str
        Over the names and contents of the files.
    sources : tuple of Source
        How each file that was used is written.
    """

    table: pd.DataFrame
    findings: Findings
    sha256: str
    sources: tuple[Source, ...] = ()


def read_returns(contest: Contest, path: Path | None = None, frame: Frame | None = None) -> Intake:
    """Read one file of returns, or all files of a folder, in the order of their names, and the contest's database.

    What a file is, its content says. A file that can't be used is listed (E214) and the others are used.

    Parameters
    ----------
    path : pathlib.Path, optional
        A file or a folder; the contest's own by default, and then its database too.
    frame : Frame, optional
        For codes that lost their leading zeros (W215); loaded where it is needed and not given.

    Raises
    ------
    ReturnsError
        There is no such file or folder, or not one of the files can be used.
    """
    database = path is None and contest.returns.database is not None
    path = path or contest.folder / contest.returns.path
    if not path.exists() and not database:
        raise ReturnsError(f"{path}: there is no such file or folder: make it, or name another with --returns")
    return read_files(contest, list_files(path), frame, database=database)


def read_files(
    contest: Contest, files: Sequence[tuple[Path, str]], frame: Frame | None = None, *, database: bool = False
) -> Intake:
    """Read these files, each with the name that findings give it, and the contest's database where asked for.

    Raises
    ------
    ReturnsError
        Not one of them can be used.
    """
    got = _Got()
    for file, name in files:
        try:
            read = read_file(file, name, contest)
        except (EstimationError, OSError) as error:
            got.fail(name, str(error))
            continue
        got.batches += read.batches
        got.documents += read.documents
        got.findings += [read.findings] if read.findings is not None else []
        got.digests += [f"{batch.sha256} {name}" for batch in read.batches[:1]]
    if got.documents:
        _read_documents(got, contest)
    if database:
        _read_database(got, contest)
    if got.failed and not got.batches:
        raise ReturnsError("\n".join(got.failed))
    tables = [batch.table for batch in got.batches]
    table = pd.concat(tables, ignore_index=True) if tables else _no_rows(contest)
    bare = np.concatenate([batch.bare for batch in got.batches]) if tables else np.zeros(0, dtype=np.bool_)
    table, padded = _with_zeros(table, bare, contest, frame)
    findings = Findings.join(*got.findings, *(batch.findings for batch in got.batches), padded)
    digest = hashlib.sha256("\n".join(got.digests).encode("utf-8")).hexdigest()
    return Intake(table, findings, digest, tuple(batch.source for batch in got.batches))


class _Got:
    """What has been read so far."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.documents: list[tuple[str, bytes]] = []
        self.digests: list[str] = []
        self.failed: list[str] = []
        self.findings: list[Findings] = []

    def fail(self, name: str, told: str) -> None:
        self.failed.append(told)
        self.findings.append(checks.findings("E214", name, [0], "", [told], [""]))


def list_files(path: Path) -> list[tuple[Path, str]]:
    """List the files of a folder, and of the tree of KPU's JSON in it, each with the name that findings give it."""
    if not path.exists():
        return []
    if path.is_file():
        return [(path, path.name)]
    found = [(p, p.name) for p in sorted(path.iterdir()) if p.is_file() and not p.name.startswith(".")]
    for folder in sorted(p for p in path.iterdir() if p.is_dir() and _KPU_FOLDER.fullmatch(p.name)):
        names = sorted(str(p) for p in folder.rglob("*.json"))
        begin = len(str(path)) + 1
        found += [(Path(name), name[begin:].replace(os.sep, "/")) for name in names]
    return found


def _read_documents(got: _Got, contest: Contest) -> None:
    from estimation.returns.readers import kpu

    try:
        batches, found, failed = kpu.read_documents(got.documents, contest)
    except EstimationError as error:
        got.fail(got.documents[0][0], str(error))
        return
    got.batches += batches
    got.findings.append(found)
    for name, told in failed:
        got.fail(name, told)
    got.digests += [f"{batch.sha256} {batch.source.file}" for batch in batches]


def _read_database(got: _Got, contest: Contest) -> None:
    from estimation.returns.readers.database import read_database

    try:
        batch = read_database(contest)
    except EstimationError as error:
        got.fail("database", str(error))
        return
    got.batches.append(batch)
    got.digests.append(f"{batch.sha256} {batch.source.file}")


def _with_zeros(
    table: pd.DataFrame, bare: NDArray[np.bool_], contest: Contest, frame: Frame | None
) -> tuple[pd.DataFrame, Findings]:
    """Match codes that were numbers at their source with the frame's, whose leading zeros they may have lost."""
    numbers = bare & np.asarray(table["tps_id"].str.fullmatch(r"[1-9]\d*").fillna(False), dtype=np.bool_)
    if not numbers.any():
        return table, Findings.none()
    frame = load_frame(contest) if frame is None else frame
    missing = numbers & (frame.rows_of(table["tps_id"]) < 0) & ~np.asarray(table["tps_id"].isin(frame.elsewhere))
    if not missing.any():
        return table, Findings.none()
    ids = pd.Series([*frame.table["tps_id"], *frame.elsewhere], dtype="str")
    ids = ids[ids.str.startswith("0")]
    short = ids.str.lstrip("0")
    only = dict(zip(short[~short.duplicated(keep=False)], ids[~short.duplicated(keep=False)], strict=True))
    found = table.loc[missing, "tps_id"].map(only).dropna()
    if not len(found):
        return table, Findings.none()
    rows = table.loc[found.index]
    told = [f"{short} → {whole}" for short, whole in zip(rows["tps_id"], found, strict=True)]
    told_of = checks.findings("W215", rows["file"].tolist(), rows["line"].to_numpy(), "tps_id", told, found.tolist())
    ids_now = table["tps_id"].copy()
    ids_now[found.index] = found
    return table.assign(tps_id=ids_now), told_of


def _no_rows(contest: Contest) -> pd.DataFrame:
    table = pd.DataFrame({name: pd.Series(dtype="float64") for name in (*contest.vote_columns, *checks.COUNTS)})
    for name in ("tps_id", "source", "reporter", "status", "submission", "file"):
        table[name] = pd.Series(dtype="str")
    table["revision"] = pd.Series(dtype="float64")
    table["received_at"] = pd.Series(dtype="datetime64[ns, UTC]")
    table["line"] = pd.Series(dtype="int64")
    table["unreadable"] = pd.Series(dtype="bool")
    return table
