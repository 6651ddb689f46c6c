"""Returns in CSV or Parquet files with one row for each count sent, from any program."""

from estimation.contest import Contest
from estimation.returns.readers import apollo, kobo
from estimation.returns.readers.layouts import Layout, layout_of
from estimation.returns.readers.normalise import RowBatch, normalise
from estimation.rules import Findings
from estimation.tables import Table


def read_source(source: Table, contest: Contest) -> RowBatch:
    """Read a table in the layout that its header, or the contest, says it has."""
    layout = layout_of(source, contest)
    source, found = prepared(source, layout, contest)
    return normalise(source, contest, layout, more=found)


def prepared(source: Table, layout: Layout, contest: Contest) -> tuple[Table, Findings]:
    """Leave out the rows and columns that a layout has beside its returns."""
    if layout.name == "kobo":
        return kobo.prepare(source)
    if layout.name == "apollo":
        return apollo.prepare(source, contest), Findings.none()
    return source, Findings.none()
