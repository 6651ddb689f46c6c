"""Reads all that came in: one file, every file of the inbox, or a table of a database."""

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from estimation.contest import Contest
from estimation.errors import ReturnsError
from estimation.frame import Frame
from estimation.returns.collect import InFile, collect_files, count_once
from estimation.returns.readers import Source
from estimation.returns.rows import Rows
from estimation.rules import Findings

SHOWN = 20  # files of an inbox without a usable one that are named
_KPU_FOLDER = re.compile(r"\d+|hhcw|ppwp|pkwkp|pkwkk", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Intake:
    """Every row that was received, as it was received.

    Attributes
    ----------
    rows : Rows
        See :class:`~estimation.returns.readers.Batch`.
    findings : Findings
        Of reading.
    sha256 : str
        Over the names and contents of the files.
    sources : tuple of Source
        How each file that was used is written.
    """

    rows: Rows
    findings: Findings
    sha256: str
    sources: tuple[Source, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """Its rows as a table."""
        return self.rows.table


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
    named = [*(name for _, name in files), *(["database"] if database else [])]
    read = collect_files(contest, [InFile(path, name) for path, name in files], frame, database=database)
    if read.failed and not read.sources:
        told = [told for _, _, told in read.failed]
        more = [f"… and {len(told) - SHOWN} more"] if len(told) > SHOWN else []
        raise ReturnsError("\n".join([*told[:SHOWN], *more]))
    used = [f"{digest} {name}" for digest, name in zip(read.sha256, named, strict=True) if digest]
    digest = hashlib.sha256("\n".join(used).encode("utf-8")).hexdigest()
    return Intake(read.rows, count_once(read.findings), digest, read.sources)


def list_files(path: Path) -> list[tuple[Path, str]]:
    """List the files of a folder, and of the tree of KPU's JSON in it, each with the name that findings give it."""
    if not path.exists():
        return []
    if path.is_file():
        return [(path, path.name)]
    with os.scandir(path) as entries:  # which tells files from folders without looking at each
        here = sorted((entry.name, entry.is_file()) for entry in entries if entry.is_file() or entry.is_dir())
    found = [(path / name, name) for name, is_file in here if is_file and not name.startswith(".")]
    for name in (name for name, is_file in here if not is_file and _KPU_FOLDER.fullmatch(name)):
        names = sorted(
            os.path.join(top, file)  # noqa: PTH118 (Path is slow for 800,000 files)
            for top, _, files in os.walk(path / name)
            for file in files
            if file.endswith(".json")
        )
        begin = len(str(path)) + 1
        found += [(Path(file), file[begin:].replace(os.sep, "/")) for file in names]
    return found
