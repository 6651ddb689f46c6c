"""Reads files of any kind at once: every row knows its file, and so does everything that was found."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from estimation import checks
from estimation.arrays import BoolArray, IntArray
from estimation.contest import Contest
from estimation.errors import EstimationError
from estimation.frame import Frame, load_frame
from estimation.returns.readers import RowBatch, Source
from estimation.returns.readers.group_read import read_alike
from estimation.returns.readers.kpu import Documents
from estimation.returns.readers.read_files import read_file
from estimation.returns.rows import MOMENT, TEXT, Rows
from estimation.rules import Findings

CANDIDATES = "kpu, candidates"  # how a file is written that holds no returns, but explains others
AT_ONCE = 1 << 26  # bytes of files that are held in memory together


class InFile(NamedTuple):
    """A file to be read: where it is, what findings call it, and its content where it was read already."""

    path: Path
    name: str
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Collected:
    """What some files gave.

    Attributes
    ----------
    rows : Rows
        All of them, file after file; see :class:`~estimation.returns.readers.Batch`.
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

    rows: Rows
    origin: IntArray
    findings: Findings
    owner: IntArray
    sha256: list[str]
    written: list[str]
    failed: list[tuple[int, str, str]]
    sources: tuple[Source, ...] = ()
    candidates: Mapping[str, str] = field(default_factory=dict)


def collect_files(
    contest: Contest,
    files: Sequence[InFile],
    frame: Frame | None = None,
    *,
    database: bool = False,
    candidates: Mapping[str, str] | None = None,
) -> Collected:
    """Read some files, and the contest's database where asked for; what can't be used is listed (E214).

    Parameters
    ----------
    files : sequence of InFile
    frame : Frame, optional
        For codes that lost their leading zeros (W215); loaded where it is needed and not given.
    candidates : mapping of str to str, optional
        Ballot numbers by KPU's candidate ids that other files gave.
    """
    collected = _Accumulator(contest, len(files) + database)
    collected.documents.candidates |= candidates or {}
    for part in _parts(files):
        collected.read(part)
    collected.read_documents()
    if database:
        collected.read_database(len(files))
    return collected.result(frame)


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


class _Accumulator:
    """What has been read so far."""

    def __init__(self, contest: Contest, files: int) -> None:
        self.contest = contest
        self.documents = Documents()
        self.batches: list[tuple[RowBatch, IntArray]] = []
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
            self.add(batch, np.full(len(batch.rows), number, dtype=np.intp), number)
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
        for number, name, why in documents.failed:
            self.fail(number, name, why)
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
        self.add(batch, np.full(len(batch.rows), number, dtype=np.intp), number)
        self.sha256[number], self.written[number] = batch.sources[0].sha256, [batch.sources[0].written]

    def add(self, batch: RowBatch, origin: IntArray, owner: int | Mapping[str, int]) -> None:
        """Take rows, and what was found in them: of one file, or of several by their names."""
        self.batches.append((batch, origin))
        self.find(batch.findings, owner)

    def find(self, findings: Findings, owner: int | Mapping[str, int]) -> None:
        """Take findings."""
        places = findings.places()
        numbers = [owner] * len(places) if isinstance(owner, int) else [owner[place.file] for place in places]
        self.findings.append((findings, np.asarray(numbers, dtype=np.intp)))

    def fail(self, number: int, name: str, why: str) -> None:
        """Note that a file, or a document in it, can't be used."""
        self.failed.append((number, name, why))

    def result(self, frame: Frame | None) -> Collected:
        """Put all of it together, row after row in the order of the files."""
        numbers, names, why = (list(part) for part in zip(*self.failed, strict=True)) if self.failed else ([], [], [])
        lost = checks.findings("E214", names, [0] * len(names), "", why, [""] * len(names))
        read = bool(self.batches)
        rows = Rows.join([batch.rows for batch, _ in self.batches]) if read else no_rows(self.contest)
        origin = np.concatenate([part for _, part in self.batches]) if read else np.zeros(0, dtype=np.intp)
        bare = np.concatenate([batch.bare for batch, _ in self.batches]) if read else np.zeros(0, dtype=np.bool_)
        if (np.diff(origin) < 0).any():
            order = np.argsort(origin, kind="stable")
            rows, origin, bare = rows.take(order), origin[order], bare[order]
        rows, padded, at = _with_zeros(rows, bare, self.contest, frame)
        parts = [(lost, np.array(numbers, dtype=np.intp)), *self.findings, (padded, origin[at])]
        return Collected(
            rows,
            origin,
            Findings.join(*(findings for findings, _ in parts)),
            np.concatenate([owner for _, owner in parts]),
            self.sha256,
            ["; ".join(dict.fromkeys(said)) for said in self.written],
            self.failed,
            tuple(source for batch, _ in self.batches for source in batch.sources),
            self.documents.candidates,
        )


def _with_zeros(rows: Rows, bare: BoolArray, contest: Contest, frame: Frame | None) -> tuple[Rows, Findings, IntArray]:
    """Match codes that were numbers at their source with the frame's, whose leading zeros they may have lost.

    Returns
    -------
    Rows, Findings
    numpy.ndarray of intp
        The row of each finding.
    """
    nothing = rows, Findings.none(), np.zeros(0, dtype=np.intp)
    if not bare.any():
        return nothing
    numbers = bare & _mask(pc.match_substring_regex(rows["tps_id"], r"^[1-9]\d*$"))
    if not numbers.any():
        return nothing
    frame = load_frame(contest) if frame is None else frame
    missing = np.flatnonzero(numbers & (frame.rows_of(rows["tps_id"]) < 0) & ~frame.is_elsewhere(rows["tps_id"]))
    if not len(missing):
        return nothing
    with_zeros = [code for code in (*frame.table["tps_id"], *frame.elsewhere) if code.startswith("0")]
    stations = Counter(code.lstrip("0") for code in with_zeros)
    only = {code.lstrip("0"): code for code in with_zeros if stations[code.lstrip("0")] == 1}
    codes = rows.strings("tps_id")
    at = np.array([row for row in missing.tolist() if codes[row] in only], dtype=np.intp)
    if not len(at):
        return nothing
    whole = [only[codes[row]] for row in at.tolist()]
    shown = [f"{codes[row]} → {code}" for row, code in zip(at.tolist(), whole, strict=True)]
    findings = checks.findings("W215", rows.strings("file", at), rows["line"][at], "tps_id", shown, whole)
    is_short = np.zeros(len(rows), dtype=np.bool_)
    is_short[at] = True
    mended = pc.replace_with_mask(rows["tps_id"], pa.array(is_short), pa.array(whole, TEXT))
    return rows.assign(tps_id=mended), findings, at


def _mask(condition: pa.Array) -> BoolArray:
    return np.asarray(pc.fill_null(condition, False).to_numpy(zero_copy_only=False), dtype=np.bool_)


def no_rows(contest: Contest) -> Rows:
    """Give the columns without a row."""
    no_text, no_number = pa.array([], TEXT), np.zeros(0)
    return Rows(
        {
            **dict.fromkeys((*contest.vote_columns, *checks.COUNTS), no_number),
            **dict.fromkeys(("tps_id", "source", "reporter", "status", "submission", "file"), no_text),
            "revision": no_number,
            "received_at": np.zeros(0, dtype=MOMENT),
            "line": np.zeros(0, dtype=np.int64),
            "unreadable": np.zeros(0, dtype=np.bool_),
        }
    )


def count_once(findings: Findings) -> Findings:
    """Say of all documents together how many stations have no count yet (W218), at the place of the first."""
    empty = [place for place in findings.places() if place.code == "W218"]
    if len(empty) < 2:
        return findings
    total = str(sum(int(place.value) for place in empty))
    together = empty[0]._replace(file=f"{len(empty)} JSON files", value=total)
    kept = [place for place in findings.places() if place.code != "W218" or place is empty[0]]
    return Findings(together if place is empty[0] else place for place in kept)
