"""One file for each kind of source; each gives the same columns."""

from estimation.returns.readers.normalise import Batch, Source

__all__ = ["Batch", "Source"]
