"""Reads files of any kind at once: every row knows its file, and so does everything that was found."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from estimation import checks
from estimation.arrays import IntArray
from estimation.contest import Contest
from estimation.errors import EstimationError
from estimation.frame import Frame, load_frame
from estimation.returns.readers import Batch, Source
from estimation.returns.readers.alike import read_alike
from estimation.returns.readers.files import read_file
from estimation.returns.readers.kpu import Documents
from estimation.rules import Findings

CANDIDATES = "kpu, candidates"  # how a file is written that holds no returns, but explains others
AT_ONCE = 1 << 26  # bytes of files that are held in memory together


class InFile(NamedTuple):
    """A file to be read: where it is, what findings call it, and its content where it was read already."""

    path: Path
    name: str
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What some files gave.

    Attributes
    ----------
    table : pandas.DataFrame
        All rows, file after file; see :class:`~estimation.returns.readers.Batch`.
    origin : numpy.ndarray of intp, shape (n,)
        Which file each row comes from, counted from 0; the database counts as the last one.
    findings : Findings
    owner : numpy.ndarray of intp, shape (m,)
        Which file each finding is of.
    sha256 : list of str
        Of every file; blank where it could not be used.
    written : list of str
        How every file is written; see :attr:`~estimation.returns.readers.Source.written`.
    failed : list of (int, str, str)
        File, name, and why it can't be used.
    sources : tuple of Source
    candidates : mapping of str to str
        Ballot numbers by KPU's candidate ids.
    """

    table: pd.DataFrame
    origin: IntArray
    findings: Findings
    owner: IntArray
    sha256: list[str]
    written: list[str]
    failed: list[tuple[int, str, str]]
    sources: tuple[Source, ...] = ()
    candidates: Mapping[str, str] = field(default_factory=dict)


def read_all(
    contest: Contest,
    files: Sequence[InFile],
    frame: Frame | None = None,
    *,
    database: bool = False,
    candidates: Mapping[str, str] | None = None,
) -> Reading:
    """Read some files, and the contest's database where asked for; what can't be used is listed (E214).

    Parameters
    ----------
    files : sequence of InFile
    frame : Frame, optional
        For codes that lost their leading zeros (W215); loaded where it is needed and not given.
    candidates : mapping of str to str, optional
        Ballot numbers by KPU's candidate ids that other files told.
    """
    got = _Got(contest, len(files) + database)
    got.documents.candidates |= candidates or {}
    for part in _parts(files):
        got.read(part)
    got.read_documents()
    if database:
        got.read_database(len(files))
    return got.reading(frame)


def _parts(files: Sequence[InFile]) -> Iterator[list[tuple[int, InFile]]]:
    """Part files so that no more of them are held in memory than it bears."""
    part: list[tuple[int, InFile]] = []
    size = 0
    for number, file in enumerate(files):
        length = len(file.content) if file.content is not None else _size(file.path)
        if part and size + length > AT_ONCE:
            yield part
            part, size = [], 0
        part.append((number, file))
        size += length
    if part:
        yield part


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


class _Got:
    """What has been read so far."""

    def __init__(self, contest: Contest, files: int) -> None:
        self.contest = contest
        self.documents = Documents()
        self.batches: list[tuple[Batch, IntArray]] = []
        self.findings: list[tuple[Findings, IntArray]] = []
        self.sha256 = [""] * files
        self.written: list[list[str]] = [[] for _ in range(files)]
        self.failed: list[tuple[int, str, str]] = []

    def read(self, part: Sequence[tuple[int, InFile]]) -> None:
        """Read some files: together those that are alike, and the others one by one."""
        contents: list[tuple[int, Path, str, bytes]] = []
        for number, file in part:
            try:
                content = file.path.read_bytes() if file.content is None else file.content
                contents.append((number, file.path, file.name, content))
            except OSError as error:
                self.fail(number, file.name, str(error))
        done: set[int] = set()
        for alike in read_alike(contents, self.contest):
            numbers = {source.file: number for number, source in zip(alike.files, alike.batch.sources, strict=True)}
            self.add(alike.batch, alike.origin, numbers)
            for number, source in zip(alike.files, alike.batch.sources, strict=True):
                self.sha256[number], self.written[number] = source.sha256, [source.written]
            done.update(alike.files)
        for number, path, name, content in contents:
            if number not in done:
                self.read_alone(number, path, name, content)

    def read_alone(self, number: int, path: Path, name: str, content: bytes) -> None:
        """Read one file."""
        try:
            read = read_file(path, name, content, self.contest)
        except (EstimationError, OSError) as error:
            self.fail(number, name, str(error))
            return
        self.sha256[number] = sha256(content).hexdigest()
        if read.findings is not None:
            self.find(read.findings, number)
        for batch in read.batches:
            self.add(batch, np.full(len(batch.table), number, dtype=np.intp), number)
            self.written[number] += [source.written for source in batch.sources]
        for title, document in read.documents:
            self.documents.add(number, title, document)
            self.written[number] = ["kpu"]

    def read_documents(self) -> None:
        """Read what KPU's documents hold, now that all of them are there."""
        documents = self.documents
        if not len(documents):
            return
        given = set(documents.numbers.values()) | {number for number, _, _ in documents.failed}
        try:
            batch, origin, empty = documents.read(self.contest)
        except EstimationError as error:
            for name, number in documents.numbers.items():
                self.fail(number, name, str(error))
            return
        for number, name, told in documents.failed:
            self.fail(number, name, told)
        for number in given.difference(documents.numbers.values()):
            self.sha256[number], self.written[number] = "", []
        for number in documents.explaining:
            self.written[number] = [CANDIDATES]
        self.find(empty, documents.numbers)
        if batch is not None:
            self.add(batch, origin, documents.numbers)

    def read_database(self, number: int) -> None:
        """Read the contest's table or query."""
        from estimation.returns.readers.database import read_database

        try:
            batch = read_database(self.contest)
        except EstimationError as error:
            self.fail(number, "database", str(error))
            return
        self.add(batch, np.full(len(batch.table), number, dtype=np.intp), number)
        self.sha256[number], self.written[number] = batch.sources[0].sha256, [batch.sources[0].written]

    def add(self, batch: Batch, origin: IntArray, owner: int | Mapping[str, int]) -> None:
        """Take rows, and what was found in them: of one file, or of several by their names."""
        self.batches.append((batch, origin))
        self.find(batch.findings, owner)

    def find(self, findings: Findings, owner: int | Mapping[str, int]) -> None:
        """Take findings."""
        files = findings.table["file"]
        numbers = np.full(len(files), owner) if isinstance(owner, int) else [owner[str(name)] for name in files]
        self.findings.append((findings, np.asarray(numbers, dtype=np.intp)))

    def fail(self, number: int, name: str, told: str) -> None:
        """Note that a file, or a document in it, can't be used."""
        self.failed.append((number, name, told))

    def reading(self, frame: Frame | None) -> Reading:
        """Put all of it together, row after row in the order of the files."""
        numbers, names, told = (list(part) for part in zip(*self.failed, strict=True)) if self.failed else ([], [], [])
        lost = checks.findings("E214", names, [0] * len(names), "", told, [""] * len(names))
        tables = [batch.table for batch, _ in self.batches]
        table = pd.concat(tables, ignore_index=True) if tables else no_rows(self.contest)
        origin = np.concatenate([part for _, part in self.batches]) if tables else np.zeros(0, dtype=np.intp)
        bare = np.concatenate([batch.bare for batch, _ in self.batches]) if tables else np.zeros(0, dtype=np.bool_)
        if (np.diff(origin) < 0).any():
            order = np.argsort(origin, kind="stable")
            table, origin, bare = table.iloc[order].reset_index(drop=True), origin[order], bare[order]
        table, padded, rows = _with_zeros(table, bare, self.contest, frame)
        parts = [(lost, np.array(numbers, dtype=np.intp)), *self.findings, (padded, origin[rows])]
        return Reading(
            table,
            origin,
            Findings.join(*(found for found, _ in parts)),
            np.concatenate([owner for _, owner in parts]),
            self.sha256,
            ["; ".join(dict.fromkeys(said)) for said in self.written],
            self.failed,
            tuple(source for batch, _ in self.batches for source in batch.sources),
            self.documents.candidates,
        )


def _with_zeros(
    table: pd.DataFrame, bare: NDArray[np.bool_], contest: Contest, frame: Frame | None
) -> tuple[pd.DataFrame, Findings, IntArray]:
    """Match codes that were numbers at their source with the frame's, whose leading zeros they may have lost.

    Returns
    -------
    pandas.DataFrame, Findings
    numpy.ndarray of intp
        The row of each finding.
    """
    nothing = table, Findings.none(), np.zeros(0, dtype=np.intp)
    if not bare.any():
        return nothing
    numbers = bare & np.asarray(table["tps_id"].str.fullmatch(r"[1-9]\d*").fillna(False), dtype=np.bool_)
    if not numbers.any():
        return nothing
    frame = load_frame(contest) if frame is None else frame
    missing = numbers & (frame.rows_of(table["tps_id"]) < 0) & ~np.asarray(table["tps_id"].isin(frame.elsewhere))
    if not missing.any():
        return nothing
    ids = pd.Series([*frame.table["tps_id"], *frame.elsewhere], dtype="str")
    ids = ids[ids.str.startswith("0")]
    short = ids.str.lstrip("0")
    only = dict(zip(short[~short.duplicated(keep=False)], ids[~short.duplicated(keep=False)], strict=True))
    found = table.loc[missing, "tps_id"].map(only).dropna()
    if not len(found):
        return nothing
    rows = table.loc[found.index]
    told = [f"{short} → {whole}" for short, whole in zip(rows["tps_id"], found, strict=True)]
    told_of = checks.findings("W215", rows["file"].tolist(), rows["line"].to_numpy(), "tps_id", told, found.tolist())
    ids_now = table["tps_id"].copy()
    ids_now[found.index] = found
    return table.assign(tps_id=ids_now), told_of, found.index.to_numpy(dtype=np.intp)


def no_rows(contest: Contest) -> pd.DataFrame:
    """Give the table without a row."""
    table = pd.DataFrame({name: pd.Series(dtype="float64") for name in (*contest.vote_columns, *checks.COUNTS)})
    for name in ("tps_id", "source", "reporter", "status", "submission", "file"):
        table[name] = pd.Series(dtype="str")
    table["revision"] = pd.Series(dtype="float64")
    table["received_at"] = pd.Series(dtype="datetime64[ns, UTC]")
    table["line"] = pd.Series(dtype="int64")
    table["unreadable"] = pd.Series(dtype="bool")
    return table


def said_once(findings: Findings) -> Findings:
    """Say of all documents together how many stations have no count yet (W218), at the place of the first."""
    empty = findings.table["code"] == "W218"
    if empty.sum() < 2:
        return findings
    rows = findings.table[empty]
    some = findings.table[~empty | ~findings.table["code"].duplicated()].copy()
    at = some["code"] == "W218"
    some.loc[at, "file"] = f"{len(rows)} JSON files"
    some.loc[at, "value"] = str(rows["value"].astype(int).sum())
    return Findings(some.reset_index(drop=True))
