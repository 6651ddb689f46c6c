"""Control variables of groups, as tests of calibration lay them out by hand."""

import numpy as np


def indicators(codes, groups):
    """One column for each group, 1 where a station belongs to it."""
    return (np.asarray(codes)[..., None] == np.arange(groups)).astype(np.float64)


def margins(*codes_and_totals):
    """The columns of several groupings side by side, and their totals."""
    columns = [indicators(codes, len(totals)) for codes, totals in codes_and_totals]
    return np.concatenate(columns, axis=-1), np.concatenate([totals for _, totals in codes_and_totals])
