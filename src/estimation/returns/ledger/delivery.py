"""What is entered at once: the rows of one file or of many, and what the chain keeps of each file."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from estimation.arrays import BoolArray, IntArray
from estimation.returns.ledger.chain import file_record
from estimation.rules import FINDING_COLUMNS, Findings

Cells = dict[tuple[str, int], list[list[str]]]  # by file and line: code, column and text of what could not be read


@dataclass(frozen=True, slots=True)
class FileRead:
    """A file that was read.

    Attributes
    ----------
    path : str
        What it is known by: its path from the contest folder.
    sha256 : str
        Of its bytes.
    size : int
        Bytes.
    modified_ns : int
        When it was last written, in nanoseconds since 1970.
    stamp : str
        By which it is known to be unchanged without being read.
    format : str
        How it is written, as it was found: layout, encoding, separator, decimal mark, line of the header.
    """

    path: str
    sha256: str
    size: int
    modified_ns: int
    stamp: str
    format: str = ""

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Delivery:
    """Files that are entered in one transaction.

    Attributes
    ----------
    files : tuple of FileRead
    table : pandas.DataFrame
        The rows of all, file after file.
    origin : numpy.ndarray of intp, shape (n,)
        The file of every row.
    findings : Findings
    owner : numpy.ndarray of intp, shape (m,)
        The file of every finding.
    """

    files: tuple[FileRead, ...]
    table: pd.DataFrame
    origin: IntArray
    findings: Findings
    owner: IntArray

    def without(self, files: BoolArray) -> "Delivery":
        """Leave some files out, shape (number of files,)."""
        if not files.any():
            return self
        place = np.cumsum(~files) - 1
        rows, kept = ~files[self.origin], ~files[self.owner]
        return Delivery(
            tuple(file for file, out in zip(self.files, files, strict=True) if not out),
            self.table[rows].reset_index(drop=True),
            place[self.origin[rows]],
            self.findings.keep(kept.tolist()),
            place[self.owner[kept]],
        )

    def reading_findings(self) -> tuple[list[Cells], list[str]]:
        """Part what was found in reading, for each file: by row, and of the file as a whole as JSON."""
        of_rows: list[Cells] = [{} for _ in self.files]
        of_file: dict[int, list[list[object]]] = defaultdict(list)
        if len(self.findings):
            files, lines = self.table["file"].tolist(), self.table["line"].tolist()
            rows = set(zip(self.origin.tolist(), files, lines, strict=True))
            for owner, place in zip(self.owner.tolist(), self.findings.places(), strict=True):
                of_row = (owner, place.file, place.line) in rows
                if of_row and place.code.startswith("E"):
                    of_rows[owner].setdefault((place.file, place.line), []).append(
                        [place.code, place.column, place.value]
                    )
                else:  # a warning on a row is no part of what the return says
                    of_file[owner].append([*(getattr(place, name) for name in FINDING_COLUMNS), of_row])
        said = [
            json.dumps(of_file[number], ensure_ascii=False) if number in of_file else "[]"
            for number in range(len(self.files))
        ]
        return of_rows, said


def records(delivery: Delivery, findings: Sequence[str], frame_sha256: str) -> list[dict[str, object]]:
    """Write what the chain keeps of every file."""
    counts = np.bincount(delivery.origin, minlength=len(delivery.files)).tolist()
    return [
        {
            "path": file.path,
            "name": file.name,
            "format": file.format,
            "sha256": file.sha256,
            "size": file.size,
            "modified_at": utc_text(datetime.fromtimestamp(file.modified_ns / 1e9, UTC)),
            "rows": rows,
            "findings": own,
            "frame_sha256": frame_sha256,
            "stamp": file.stamp,
        }
        for file, rows, own in zip(delivery.files, counts, findings, strict=True)
    ]


def same_version(record: dict[str, object], kept: dict[str, object]) -> bool:
    """Tell whether the ledger has this very version of a file as the newest, whenever it was written."""
    return file_record({**kept, "modified_at": record["modified_at"]})[1] == file_record(record)[1]


def utc_text(time: datetime) -> str:
    """Write a time in UTC as :func:`~estimation.returns.content.utc_texts` does."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
