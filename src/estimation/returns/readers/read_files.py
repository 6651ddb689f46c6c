"""Tells what a file of returns is by its content, and reads it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from estimation.columns import plain_name
from estimation.contest import Contest
from estimation.errors import ReturnsError, TableError
from estimation.returns.readers import kobo, messages
from estimation.returns.readers.archives import member, unpacked
from estimation.returns.readers.layouts import layout_of
from estimation.returns.readers.normalise import RowBatch
from estimation.returns.readers.tabular import read_source
from estimation.rules import Findings
from estimation.tables import SUFFIXES, Table, decoded, parse_csv, read_table

_OTHERS = {b"SQLite format 3": "a SQLite database: name it in [returns] database, with table or query"}


@dataclass(frozen=True, slots=True)
class Read:
    """What a file gave: batches, what its reader found, and JSON documents of KPU to be read together."""

    batches: tuple[RowBatch, ...] = ()
    findings: Findings | None = None
    documents: tuple[tuple[str, bytes], ...] = ()


def read_file(path: Path, name: str, content: bytes, contest: Contest) -> Read:
    """Read one file, whatever its name says it is.

    Parameters
    ----------
    path : pathlib.Path
        For messages.
    name : str
        What findings call it.
    content : bytes
    contest : Contest

    Raises
    ------
    TableError, ReturnsError
        It can't be used; the message says where, and what to do.
    """
    for magic, what in _OTHERS.items():
        if content.startswith(magic):
            raise ReturnsError(f"{path}: this is {what}")
    if content.startswith(b"PAR1") or (path.suffix.lower() == ".parquet"):
        return Read((read_source(read_table(path), contest),))
    if content.startswith(b"PK\x03\x04"):
        return _read_packed(path, content, contest)
    if content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return _read_json(path, name, content, contest)
    return Read((_read_text(path, content, contest),))


def _read_packed(path: Path, content: bytes, contest: Contest) -> Read:
    from estimation.returns.readers import excel, odk  # most files are CSV

    archive = unpacked(path, content)
    names = archive.namelist()
    if "xl/workbook.xml" in names:
        batches, findings = excel.read_workbook(path, content, contest)
        return Read(tuple(batches), findings)
    documents = tuple(
        (f"{path.name}/{name}", member(path, archive, name)) for name in sorted(names) if name.lower().endswith(".json")
    )
    if documents and not any(name.lower().endswith(".csv") for name in names):
        return Read(documents=documents)
    return Read((odk.read_archive(path, archive, contest),))


def _read_json(path: Path, name: str, content: bytes, contest: Contest) -> Read:
    # a page of Kobo's names its count before its results, so that most files of KPU need not be parsed twice
    if b'"results"' in content:
        try:
            page = kobo.is_page(json.loads(content))
        except (ValueError, RecursionError) as error:
            raise TableError(f"{path}: this is not JSON that can be read ({error}): send it again") from error
        if page:
            return Read((kobo.read_page(path, content, contest),))
    return Read(documents=((name, content),))


def _read_text(path: Path, content: bytes, contest: Contest) -> RowBatch:
    ours = path.suffix.lower() in SUFFIXES
    named = contest.returns.format
    try:
        text, _, _ = decoded(path, content)
        if messages.is_lines(text[:4096].decode("utf-8-sig", errors="ignore")):
            return messages.read_lines(path, content, contest)
        table = parse_csv(path, content)
    except TableError as error:
        if ours:
            raise
        raise _other_kind(path) from error
    column = messages.message_column(table) if named in ("auto", "messages") else None
    if column is not None:
        return messages.read_messages(table, contest, column)
    if not ours and not _is_of_returns(table, contest):
        raise _other_kind(path)
    return read_source(table, contest)


def _is_of_returns(table: Table, contest: Contest) -> bool:
    try:
        names: Sequence[str] = list(layout_of(table, contest).names(table.header, "", contest).values())
    except TableError:
        return True  # two headers mean the same column: reading it says so
    return "tps_id" in names or any(plain_name(name) in names for name in contest.vote_columns)


def _other_kind(path: Path) -> ReturnsError:
    return ReturnsError(f"{path}: a file of kind '{path.suffix}' can't be read here: save it as CSV")
