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

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as field_of
from pathlib import Path
from typing import Any

import numpy as np

from estimation import checks
from estimation.columns import plain
from estimation.contest import Contest
from estimation.errors import TableError
from estimation.returns.readers.batch import Batch, assemble
from estimation.returns.readers.cells import as_columns
from estimation.returns.readers.layouts import layouts
from estimation.rules import Findings
from estimation.tables import Table

_STATION = re.compile(r"\d{13}")
_IMAGE = re.compile(r"(\d{13})-(\d{4})(\d{2})(\d{2})-(\d{2})(\d{2})(\d{2})")
_NO_REVOTE = ("", "reguler", "none", "false", "0")
Document = Mapping[str, Any]


@dataclass(slots=True)
class _Rows:
    """What has been gathered of many documents, column by column."""

    rows: list[dict[str, Any]] = field_of(default_factory=list)
    files: list[str] = field_of(default_factory=list)
    ids: dict[str, None] = field_of(default_factory=dict)
    empty: int = 0
    revotes: list[tuple[str, str, str]] = field_of(default_factory=list)


def read_documents(
    documents: Sequence[tuple[str, bytes]], contest: Contest
) -> tuple[list[Batch], Findings, list[tuple[str, str]]]:
    """Read many files of KPU at once.

    Parameters
    ----------
    documents : sequence of (str, bytes)
        Name and content of every file.
    contest : Contest

    Returns
    -------
    list of Batch
        One, or none where no file holds a count.
    Findings
    list of (str, str)
        Files that can't be used, and why.

    Raises
    ------
    TableError
        Candidate ids that nothing maps to ballot numbers.
    """
    gathered, failed = _Rows(), []
    candidates: dict[str, str] = {}
    digest = hashlib.sha256()
    used: list[str] = []
    for name, content in documents:
        try:
            document = json.loads(content)
            numbers = _candidates(document)
            candidates |= numbers
            if not numbers:
                _gather(name, document, gathered)
        except (ValueError, TypeError, AttributeError) as error:  # JSON and encoding errors are ValueErrors
            told = str(error) if isinstance(error, TableError) else f"{name}: this is not JSON of KPU ({error})"
            failed.append((name, told))
            continue
        digest.update(f"{hashlib.sha256(content).hexdigest()} {name}\n".encode())
        used.append(name)
    label = used[0] if len(used) == 1 else f"{len(used)} JSON files"
    found = Findings.none()
    if gathered.empty:
        found = checks.findings("W218", label, [0], "", [gathered.empty], [""])
    if not gathered.rows:
        return [], found, failed
    path = Path(label)
    mapping = _ballot_numbers(path, list(gathered.ids), candidates, contest)
    header = ["tps_id", "ts", "form_uploaded_at", *mapping, *_administration(gathered.rows)]
    columns = [[row.get(name) for row in gathered.rows] for name in header]
    data, numeric = as_columns([mapping.get(name, name) for name in header], columns)
    ones = np.ones(len(gathered.rows), dtype=np.int64)
    source = Table(path, data, digest.hexdigest(), (), "utf-8", "", False, 0, _lines=ones, _numeric=numeric)
    files, revoted, ids = (
        (list(part) for part in zip(*gathered.revotes, strict=True)) if gathered.revotes else ([],) * 3
    )
    again = checks.findings("W219", files, [1] * len(files), "psu", revoted, ids)
    batch = assemble(source, contest, layouts()["kpu"], file=label, files=gathered.files, more=again)
    return [batch], found, failed


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


def _gather(name: str, document: Any, into: _Rows) -> None:
    if isinstance(document, list):
        raise TableError(f"{name}: this is a list, of areas or of other things: it holds no counts")
    if not isinstance(document, dict):
        raise TableError(f"{name}: this holds no counts: a file for each station is expected")
    for station, part, ts in _stations(name, document):
        row = _row(part)
        if row is None:
            into.empty += 1
            continue
        images = _images(part)
        code = station or next(iter({found[0] for found in images}), None)
        if code is None:
            raise TableError(f"{name}: neither the file's name nor its images say which station it is: name it so")
        if images and code not in {found[0] for found in images}:
            raise TableError(f"{name}: its images are of station {images[0][0]}, not {code}: check which it is")
        into.ids |= dict.fromkeys(key for key in row if key.isdigit())
        stamp = max((found[1] for found in images), default=None)
        into.rows.append(row | {"tps_id": code, "ts": part.get("ts") or ts, "form_uploaded_at": stamp})
        into.files.append(name)
        revote = part.get("psu")
        if str(revote if revote is not None else "").strip().casefold() not in _NO_REVOTE:
            into.revotes.append((name, str(revote), code))


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


def _row(document: Document) -> dict[str, Any] | None:
    """Gather the two blocks of a station; None where it has no count yet."""
    inner = document.get("tungsura")
    body = {**document, **inner} if isinstance(inner, dict) else document
    chart, administration = body.get("chart"), body.get("administrasi")
    row: dict[str, Any] = {}
    for block in (chart, administration):
        if isinstance(block, dict):
            row |= {str(key): value for key, value in block.items() if value is not None}
    wanted = layouts()["kpu"].columns
    row |= {key: body[key] for key in wanted if key in body and key != "ts" and body[key] is not None}
    row = {key: value for key, value in row.items() if key.isdigit() or key in wanted}
    return row or None


def _images(document: Document) -> list[tuple[str, str]]:
    """Read station and time of upload from the names of the images."""
    images = document.get("images")
    texts = images.values() if isinstance(images, dict) else images if isinstance(images, list) else []
    matches = (_IMAGE.search(text) for text in texts if isinstance(text, str))
    return [(m[1], f"{m[2]}-{m[3]}-{m[4]}T{m[5]}:{m[6]}:{m[7]}") for m in matches if m]


def _administration(rows: list[dict[str, Any]]) -> list[str]:
    wanted = [key for key in layouts()["kpu"].columns if not key.isdigit() and key != "ts"]
    return [key for key in wanted if any(key in row for row in rows)]


def _ballot_numbers(path: Path, ids: list[str], candidates: Mapping[str, str], contest: Contest) -> dict[str, str]:
    """Map candidate ids to the columns of votes.

    Raises
    ------
    TableError
        With the ids that nothing maps.
    """
    given = {plain(key): value for key, value in contest.returns.columns.items()}
    known = {key: value for key, value in layouts()["kpu"].columns.items() if value in contest.vote_columns}
    mapping = {
        key: given.get(key) or (f"votes_{candidates[key]}" if key in candidates else known.get(key)) for key in ids
    }
    unknown = [key for key, value in mapping.items() if value is None]
    if unknown:
        raise TableError(
            f"{path}: candidate ids {', '.join(unknown)} have no ballot number: put KPU's file of candidates beside "
            f'the returns, or write [returns] columns = {{ {unknown[0]} = "votes_1" }} in contest.toml'
        )
    found = {key: str(value) for key, value in mapping.items()}
    twice = [key for key, value in found.items() if list(found.values()).count(value) > 1]
    if twice:
        raise TableError(
            f"{path}: candidate ids {', '.join(twice)} have one ballot number: they are of several contests"
        )
    # a candidate whom no file names has blanks, which is not zero
    return found | {name: name for name in contest.vote_columns if name not in found.values()}
