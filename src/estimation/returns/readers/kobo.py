"""KoboToolbox exports: CSV, XLSX, or the pages of its interface as JSON.

``;`` between fields, everything quoted; a second row of labels may follow the header; groups are prefixes
(``hasil/suara_1``); ``_submission_time`` is UTC, without an offset in older exports; ``_validation_status`` says what a
verifier decided; rows of another version of the form miss columns, which are blanks. The interface gives at most 1,000
rows a page: the rows are compared with its own count (W212). Which column is which of ours stands in ``layouts.toml``.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from estimation import checks
from estimation.contest import Contest
from estimation.returns.readers.cells import as_columns
from estimation.returns.readers.layouts import layouts
from estimation.returns.readers.normalise import RowBatch, normalise
from estimation.rules import Findings
from estimation.tables import Table, as_text

_TIME = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}"


def prepare(source: Table) -> tuple[Table, Findings]:
    """Leave out the labels of an export, and compare its rows with their numbering."""
    source, _ = without_labels(source)
    return source, _reconciled(source, _highest_index(source))


def without_labels(source: Table) -> tuple[Table, int]:
    """Leave out the rows of labels that follow the header, and say how many there are.

    A row of labels holds words where the source itself writes a number, a time or an identifier; a return holds at
    least one of these as it should be.
    """
    rows = source.data.num_rows
    words, fits = np.zeros(rows, dtype=np.bool_), np.zeros(rows, dtype=np.bool_)
    tests = {"_submission_time": _TIME, "_id": r"^\d+$", "_index": r"^\d+$", "_uuid": r"^[0-9a-f-]{32,36}$"}
    for name in [name for name in tests if name in source.header]:
        text = as_text(source.data.column(name))
        matches = pc.fill_null(pc.match_substring_regex(text, tests[name]), False)
        fits |= matches.to_numpy(zero_copy_only=False).astype(np.bool_)
        words |= pc.is_valid(text).to_numpy(zero_copy_only=False).astype(np.bool_)
    count = int(np.argmin(np.append(words & ~fits, False)))
    return source.keep(np.arange(rows) >= count), count


def is_page(document: Any) -> bool:
    """Tell whether a JSON document is a page of the interface."""
    return (
        isinstance(document, Mapping)
        and isinstance(document.get("results"), list)
        and isinstance(document.get("count"), int)
    )


def read_page(path: Path, content: bytes, contest: Contest) -> RowBatch:
    """Read a page of the interface (``count``, ``results``)."""
    document = json.loads(content)
    results = [row for row in document["results"] if isinstance(row, Mapping)]
    header = list(dict.fromkeys(name for row in results for name, value in row.items() if not isinstance(value, list)))
    columns = [[_value(row.get(name)) for row in results] for name in header]
    data, numeric = as_columns(header, columns)
    lines = np.arange(1, len(results) + 1)
    digest = hashlib.sha256(content).hexdigest()
    source = Table(path, data, digest, encoding="utf-8", header_line=0, _lines=lines, _numeric=numeric)
    return normalise(source, contest, layouts()["kobo"], more=_reconciled(source, document["count"]))


def _value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return value.get("uid")  # a validation status
    return None if isinstance(value, list) else value


def _highest_index(source: Table) -> int | None:
    """Give the highest ``_index``, which an export numbers its rows by, from 1."""
    if "_index" not in source.header or not source.data.num_rows:
        return None
    column = source.data.column("_index")
    numbers = checks.whole_numbers(column if pa.types.is_string(column.type) else pc.cast(column, pa.string()))
    return pc.max(numbers).as_py()  # type: ignore[no-any-return]


def _reconciled(source: Table, count: int | None) -> Findings:
    rows = source.data.num_rows + len(source.ragged)
    if count is None or count == rows:
        return Findings.none()
    return checks.findings("W212", source.path.name, [0], "", [f"{rows} of {count}"], [""])
