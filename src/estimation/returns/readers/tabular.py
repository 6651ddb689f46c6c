"""Returns in CSV or Parquet files with one row for each count sent."""

from pathlib import Path

from estimation.contest import Contest
from estimation.returns.readers.batch import Batch, assemble
from estimation.returns.readers.layouts import layouts
from estimation.tables import read_table


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
