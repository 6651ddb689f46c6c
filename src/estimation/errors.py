"""The one family of errors that this package raises for bad input."""


class EstimationError(ValueError):
    """Base of all errors about input; its message says what, where and what to do."""


class ContestError(EstimationError):
    """``contest.toml`` can't be used."""


class TableError(EstimationError):
    """A file of rows can't be read as a table."""


class FrameError(EstimationError):
    """The frame of polling stations can't be used."""


class BoundariesError(EstimationError):
    """The outlines of areas can't be used."""


class DesignError(EstimationError):
    """The sampling design asked for is impossible, or the sample doesn't fit the frame."""


class ReturnsError(EstimationError):
    """No file of returns can be used."""


class LedgerError(EstimationError):
    """The ledger of returns can't be opened, belongs to another contest, or was changed."""


class EstimateError(EstimationError):
    """A quantity can't be estimated from what is in."""


class ReportError(EstimationError):
    """A page can't be made."""
