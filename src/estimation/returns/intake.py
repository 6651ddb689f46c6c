"""Reads all that came in: one file, or every file of the inbox."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from estimation import checks
from estimation.contest import Contest
from estimation.errors import EstimationError, ReturnsError
from estimation.returns.readers import Batch, read_tabular
from estimation.rules import Findings
from estimation.tables import SUFFIXES


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
    """

    table: pd.DataFrame
    findings: Findings
    sha256: str


def read_returns(contest: Contest, path: Path | None = None) -> Intake:
    """Read one file of returns, or all files of a folder, in the order of their names.

    A file that can't be used is listed (E214) and the others are used.

    Parameters
    ----------
    path : pathlib.Path, optional
        A file or a folder; the contest's own by default.

    Raises
    ------
    ReturnsError
        There is no such file or folder, or not one of the files can be used.
    """
    path = path or contest.folder / contest.returns.path
    if not path.exists():
        raise ReturnsError(f"{path}: there is no such file or folder: make it, or name another with --returns")
    files = (
        [path] if path.is_file() else sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
    )
    batches: list[Batch] = []
    digests: list[str] = []
    failed: list[str] = []
    found: list[Findings] = []
    for file in files:
        try:
            if file.suffix.lower() not in SUFFIXES:
                raise ReturnsError(f"{file}: a file of kind '{file.suffix}' can't be read here: save it as CSV")
            batches.append(read_tabular(file, contest))
            digests.append(f"{batches[-1].sha256} {file.name}")
        except (EstimationError, OSError) as error:
            failed.append(str(error))
            found.append(checks.findings("E214", file.name, [0], "", [str(error)], [""]))
    if failed and not batches:
        raise ReturnsError("\n".join(failed))
    table = pd.concat([batch.table for batch in batches], ignore_index=True) if batches else _no_rows(contest)
    found += [batch.findings for batch in batches]
    return Intake(table, Findings.join(*found), hashlib.sha256("\n".join(digests).encode("utf-8")).hexdigest())


def _no_rows(contest: Contest) -> pd.DataFrame:
    table = pd.DataFrame({name: pd.Series(dtype="float64") for name in (*contest.vote_columns, *checks.COUNTS)})
    for name in ("tps_id", "source", "reporter", "status", "file"):
        table[name] = pd.Series(dtype="str")
    table["received_at"] = pd.Series(dtype="datetime64[ns, UTC]")
    table["line"] = pd.Series(dtype="int64")
    table["unreadable"] = pd.Series(dtype="bool")
    return table
