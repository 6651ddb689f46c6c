"""ODK Central exports: one CSV, or a ZIP with one CSV for the form and one for each repeat.

Times in UTC; ``KEY`` names a submission and stays when it is edited, while ``Edits`` grows; ``ReviewState`` is our
status (``approved`` verified, ``rejected`` and ``hasIssues`` rejected, empty or ``edited`` received); groups are
prefixes (``hasil-votes_1``); a geopoint is four columns. In a ZIP the rows of a repeat name the row that holds them
by ``PARENT_KEY``: where the counts stand in a repeat (an officer with several stations), each of its rows is a return,
with the columns of the rows above it. Names and devices are dropped. Which column is which stands in ``layouts.toml``.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pyarrow as pa
import pyarrow.compute as pc

from estimation.contest import Contest
from estimation.errors import TableError
from estimation.returns.readers.archives import member
from estimation.returns.readers.layouts import layouts
from estimation.returns.readers.normalise import RowBatch, normalise
from estimation.tables import Table, parse_csv


def read_archive(path: Path, archive: ZipFile, contest: Contest) -> RowBatch:
    """Read the CSV of the form, or that of the repeat which holds the counts.

    Raises
    ------
    TableError
        No CSV of the archive holds returns.
    """
    tables = {
        name: parse_csv(path / name, member(path, archive, name))
        for name in sorted(archive.namelist())
        if name.lower().endswith(".csv") and "/" not in name
    }
    roots = [name for name, table in tables.items() if "KEY" in table.header and "PARENT_KEY" not in table.header]
    repeats = [name for name, table in tables.items() if "PARENT_KEY" in table.header]
    for name in (*roots, *repeats):
        whole = tables[name] if name in roots else _joined(tables, name)
        names = layouts()["odk"].names(whole.header, str(whole.path), contest)
        if {"tps_id", *contest.vote_columns} <= set(names.values()):
            return normalise(whole, contest, layouts()["odk"], file=f"{path.name}/{name}")
    raise TableError(
        f"{path}: no CSV of this archive holds returns ({', '.join(tables) or 'there is none'}): columns tps_id and "
        f"{', '.join(contest.vote_columns)} are needed; map others in [returns] columns"
    )


def _joined(tables: Mapping[str, Table], name: str) -> Table:
    """Lay the columns of the rows above a repeat's rows beside them."""
    table = tables[name]
    data, parent_key = table.data, table.data.column("PARENT_KEY")
    for _ in tables:  # at most as many levels as tables
        above = next((t for t in tables.values() if _holds(t, parent_key)), None)
        if above is None:
            break
        at = pc.index_in(parent_key, value_set=above.data.column("KEY").combine_chunks())
        upper = above.data.take(at.combine_chunks() if isinstance(at, pa.ChunkedArray) else at)
        for column in upper.column_names:
            if column not in data.column_names:
                data = data.append_column(column, upper.column(column))
        if "PARENT_KEY" not in above.header:
            break
        parent_key = upper.column("PARENT_KEY")
    return replace(table, data=data, _lines=table.lines(range(data.num_rows)))


def _holds(table: Table, keys: pa.ChunkedArray) -> bool:
    if "KEY" not in table.header:
        return False
    return bool(pc.any(pc.is_in(keys.drop_null(), value_set=table.data.column("KEY").combine_chunks())).as_py())
