"""Returns in CSV or Parquet files with one row for each count sent, whoever wrote them."""

from pathlib import Path

from estimation.contest import Contest
from estimation.returns.readers import apollo, kobo
from estimation.returns.readers.batch import Batch, assemble
from estimation.returns.readers.layouts import Layout, layout_of, layouts
from estimation.rules import Findings
from estimation.tables import Table, read_table


def read_tabular(path: Path, contest: Contest) -> Batch:
    """Read one file of returns whose columns have our names, or the contest's own.

    Raises
    ------
    TableError
        It can't be read as a table, or a required column is missing.
    ReturnsError
        All its times lack an offset and no zone is declared.
    """
    return assemble(read_table(path), contest, layouts()["table"])


def read_source(source: Table, contest: Contest) -> Batch:
    """Read a table in the layout that its header, or the contest, says it has."""
    layout = layout_of(source, contest)
    source, found = prepared(source, layout, contest)
    return assemble(source, contest, layout, more=found)


def prepared(source: Table, layout: Layout, contest: Contest) -> tuple[Table, Findings]:
    """Leave out the rows and columns that a layout has beside its returns."""
    if layout.name == "kobo":
        return kobo.prepare(source)
    if layout.name == "apollo":
        return apollo.prepare(source, contest), Findings.none()
    return source, Findings.none()
