"""One file for each kind of source; each gives the same columns."""

from estimation.returns.readers.tabular import Batch, read_tabular

__all__ = ["Batch", "read_tabular"]
