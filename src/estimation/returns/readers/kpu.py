"""KPU's JSON: Sirekap 2024 (national and Pilkada) and Situng 2019, as several public readers describe it.

One file for each station: ``chart`` (votes by candidate id, junk keys such as ``null`` beside them), ``administrasi``
(roll, voters, ballots), ``images`` (whose names carry the station and the time of upload), ``psu`` (a revote), ``ts``
(local time without a zone: the contest must declare it). Each block may be null; a station without either has no count
yet (W218). In a Pilkada the blocks stand under ``tungsura``; in 2019 all stands on top. The station is the 13 digits
of the file's name, or else of its images. Also read: a file with ``{station: document}``, and an area's file whose
``table`` lists stations; one that lists areas is refused, as it holds no returns. Candidate ids become ballot numbers
by ``[returns] columns``, by KPU's own file of candidates beside the returns, or, for president, by ``layouts.toml``.
The time of receipt is ``ts``; with ``columns = { form_uploaded_at = "received_at" }`` it is that of the upload.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from estimation import checks
from estimation.arrays import IntArray
from estimation.columns import plain_name
from estimation.contest import Contest
from estimation.errors import TableError
from estimation.returns.readers.cells import as_columns
from estimation.returns.readers.layouts import layouts
from estimation.returns.readers.normalise import RowBatch, normalise
from estimation.rules import Findings
from estimation.tables import Table

_STATION = re.compile(r"\d{13}")
_IMAGE = re.compile(r"(\d{13})-(\d{4})(\d{2})(\d{2})-(\d{2})(\d{2})(\d{2})")
_NO_REVOTE = ("", "reguler", "none", "false", "0")
Document = Mapping[str, Any]


@dataclass(slots=True)
class Documents:
    """What has been gathered of many documents; they are read at the end, as one may explain the others.

    Attributes
    ----------
    candidates : mapping of str to str
        Ballot numbers by candidate id, from KPU's own file of candidates.
    explaining : set of int
        The files that hold candidates.
    failed : list of (int, str, str)
        File, name of the document, and why it can't be used.
    numbers : mapping of str to int
        The file of every document that can be used.
    """

    candidates: dict[str, str] = field(default_factory=dict)
    explaining: set[int] = field(default_factory=set)
    failed: list[tuple[int, str, str]] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    _rows: list["_Row"] = field(default_factory=list)
    _empty: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.numbers) + len(self.failed)

    def add(self, number: int, name: str, content: bytes) -> None:
        """Take a document in, all of it or nothing.

        Parameters
        ----------
        number : int
            Of its file.
        name : str
            What findings call the document.
        """
        try:
            document = json.loads(content)
            found = _candidates(document)
            rows, empty = ([], 0) if found else _gather(name, document)
        except (
            ValueError,
            TypeError,
            AttributeError,
            RecursionError,
        ) as error:  # JSON's and encodings' are ValueErrors
            told = str(error) if isinstance(error, TableError) else f"{name}: this is not JSON of KPU ({error})"
            self.failed.append((number, name, told))
            return
        self.candidates |= found
        self.explaining |= {number} if found else set()
        self.numbers[name] = number
        self._rows += rows
        if empty:
            self._empty[name] = empty

    def read(self, contest: Contest) -> tuple[RowBatch | None, IntArray, Findings]:
        """Read what was gathered as one table.

        Returns
        -------
        Batch or None
            None where no document holds a count.
        numpy.ndarray of intp, shape (n,)
            The file of every row.
        Findings
            Documents with stations that have no count yet (W218).
        """
        mapping = self._ballot_numbers(contest)
        rows, names = self._rows, list(self._empty)
        found = checks.findings("W218", names, [0] * len(names), "", list(self._empty.values()), [""] * len(names))
        if not rows:
            return None, np.zeros(0, dtype=np.intp), found
        header = ["tps_id", "ts", "form_uploaded_at", *mapping, *_administration(rows)]
        data, numeric = as_columns(
            [mapping.get(name, name) for name in header], [[row.cells.get(name) for row in rows] for name in header]
        )
        label = rows[0].file if len(self.numbers) == 1 else f"{len(self.numbers)} JSON files"
        ones = np.ones(len(rows), dtype=np.int64)
        source = Table(Path(label), data, "", (), "utf-8", "", False, 0, _lines=ones, _numeric=numeric)
        again = [row for row in rows if row.revote is not None]
        told = checks.findings(
            "W219", [row.file for row in again], [1] * len(again), "psu", [row.revote for row in again],
            [row.cells["tps_id"] for row in again],
        )  # fmt: skip
        foreign = {key for key, column in mapping.items() if column not in contest.vote_columns}
        of = list(dict.fromkeys(row.file for row in rows if foreign & row.cells.keys())) if foreign else []
        files = [row.file for row in rows]
        batch = normalise(source, contest, layouts()["kpu"], file=label, files=files, of=of, more=told)
        numbers = np.fromiter((self.numbers[file] for file in files), dtype=np.intp, count=len(files))
        return batch, numbers, found

    def _ballot_numbers(self, contest: Contest) -> dict[str, str]:
        """Map candidate ids to the columns of votes; documents with an id that nothing maps are failed."""
        given = {plain_name(key): value for key, value in contest.returns.columns.items()}
        known = {key: value for key, value in layouts()["kpu"].columns.items() if value in contest.vote_columns}
        ids = dict.fromkeys(key for row in self._rows for key in row.cells if key.isdigit())
        mapping: dict[str, str] = {}
        for key in ids:
            column = given.get(key) or (f"votes_{self.candidates[key]}" if key in self.candidates else known.get(key))
            if column is not None:
                mapping[key] = column
        self._fail(
            {key for key in ids if key not in mapping},
            "candidate ids {ids} have no ballot number: put KPU's file of candidates beside the returns, or write "
            '[returns] columns = {{ {first} = "votes_1" }} in contest.toml',
        )
        of_column: dict[str, list[str]] = defaultdict(list)
        for key, column in mapping.items():
            of_column[column].append(key)
        twice = {key for keys in of_column.values() if len(keys) > 1 for key in keys}
        self._fail(twice, "candidate ids {ids} have one ballot number: they are of several contests")
        mapping = {key: column for key, column in mapping.items() if key not in twice}
        # a candidate whom no file names has blanks, which is not zero
        return mapping | {name: name for name in contest.vote_columns if name not in mapping.values()}

    def _fail(self, ids: set[str], why: str) -> None:
        """Leave out the documents that hold one of these candidate ids."""
        held: dict[str, list[str]] = {}
        for row in self._rows if ids else ():
            of_row = [key for key in row.cells if key in ids]
            if of_row:
                held.setdefault(row.file, of_row)
        for name, of_file in held.items():
            told = why.format(ids=", ".join(of_file), first=of_file[0])
            self.failed.append((self.numbers.pop(name), name, f"{name}: {told}"))
            self._empty.pop(name, None)
        if held:
            self._rows = [row for row in self._rows if row.file not in held]


@dataclass(frozen=True, slots=True)
class _Row:
    """A station's count: its document, what stands in it, and what is said of a revote."""

    file: str
    cells: dict[str, Any]
    revote: str | None = None


def _candidates(document: Any) -> dict[str, str]:
    """Read ``{area: {id: {nomor_urut: 1}}}`` as ballot numbers by id; empty where the document is another."""
    if not isinstance(document, dict) or "chart" in document or "tungsura" in document:
        return {}
    levels = [document, *(value for value in document.values() if isinstance(value, dict))]
    return {
        str(key): str(int(value["nomor_urut"]))
        for level in levels
        for key, value in level.items()
        if isinstance(value, dict) and value.get("nomor_urut") is not None
    }


def _gather(name: str, document: Any) -> tuple[list[_Row], int]:
    """Give the stations of a document that have a count, and how many have none."""
    if isinstance(document, list):
        raise TableError(f"{name}: this is a list, of areas or of other things: it holds no counts")
    if not isinstance(document, dict):
        raise TableError(f"{name}: this holds no counts: a file for each station is expected")
    rows, empty = [], 0
    for station, part, ts in _stations(name, document):
        cells = _cells(part)
        if cells is None:
            empty += 1
            continue
        images = _images(part)
        code = station or (images[0][0] if images else None)
        if code is None:
            raise TableError(f"{name}: neither the file's name nor its images say which station it is: name it so")
        if images and all(found[0] != code for found in images):
            raise TableError(f"{name}: its images are of station {images[0][0]}, not {code}: check which it is")
        cells["tps_id"], cells["ts"] = code, part.get("ts") or ts
        cells["form_uploaded_at"] = max((found[1] for found in images), default=None)
        revote = part.get("psu")
        regular = revote is None or str(revote).strip().casefold() in _NO_REVOTE
        rows.append(_Row(name, cells, None if regular else str(revote)))
    return rows, empty


def _stations(name: str, document: Document) -> Iterator[tuple[str | None, Document, Any]]:
    """Give every station of a document: its code where known, what stands there, and the document's time."""
    if (
        document
        and "mode" not in document
        and all(_STATION.fullmatch(str(key)) and isinstance(v, dict) for key, v in document.items())
    ):
        yield from ((str(key), value, None) for key, value in document.items())
        return
    inner = document.get("tungsura")
    body = inner if isinstance(inner, dict) else document
    table = body.get("table")
    if isinstance(table, dict) and table:
        areas = [key for key in table if not _STATION.fullmatch(str(key))]
        if areas:
            raise TableError(f"{name}: it lists areas ({areas[0]} …), not stations: it holds no returns")
        for key, value in table.items():
            yield str(key), {"chart": value, "psu": (value or {}).get("psu")}, document.get("ts")
        return
    stem = name.rpartition("/")[2].partition(".")[0]
    yield (stem if _STATION.fullmatch(stem) else None), document, None


def _cells(document: Document) -> dict[str, Any] | None:
    """Gather the two blocks of a station; None where it has no count yet."""
    inner = document.get("tungsura")
    body = {**document, **inner} if isinstance(inner, dict) else document
    cells: dict[str, Any] = {}
    wanted = _wanted()
    for block in (body.get("chart"), body.get("administrasi"), body):
        if isinstance(block, dict):
            for key, value in block.items():
                if value is not None and (key in wanted or (key.isdigit() and block is not body)):
                    cells[key] = value
    return cells or None


def _images(document: Document) -> list[tuple[str, str]]:
    """Read station and time of upload from the names of the images."""
    images = document.get("images")
    texts = images.values() if isinstance(images, dict) else images if isinstance(images, list) else []
    matches = (_IMAGE.search(text) for text in texts if isinstance(text, str))
    return [(m[1], f"{m[2]}-{m[3]}-{m[4]}T{m[5]}:{m[6]}:{m[7]}") for m in matches if m]


def _administration(rows: Sequence[_Row]) -> list[str]:
    there: set[str] = set().union(*(row.cells for row in rows))
    return [key for key in _wanted() if key in there]


@cache
def _wanted() -> tuple[str, ...]:
    """Name the keys beside candidate ids that are read."""
    return tuple(key for key in layouts()["kpu"].columns if not key.isdigit() and key != "ts")
