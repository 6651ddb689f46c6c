"""One file for each kind of source; each gives the same columns."""

from estimation.returns.readers.normalise import RowBatch, Source

__all__ = ["RowBatch", "Source"]
