"""One file for each kind of source; each gives the same columns."""

from estimation.returns.readers.batch import Batch, Source
from estimation.returns.readers.tabular import read_tabular

__all__ = ["Batch", "Source", "read_tabular"]
