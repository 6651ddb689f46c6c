"""From a design to strata, and to the stations that each of them gets."""

from dataclasses import replace
from typing import NoReturn

import numpy as np

from estimation.arrays import Array, BoolArray, IntArray
from estimation.baseline import PREFIX
from estimation.columns import AREA_LEVELS
from estimation.errors import DesignError
from estimation.frame import Frame
from estimation.rules import Notice
from estimation.sampling import allocation
from estimation.sampling.auxiliary import auxiliary_columns
from estimation.sampling.classes import classes, is_class
from estimation.sampling.cost import by_stratum, prices_of
from estimation.sampling.design import Design
from estimation.sampling.strata import Strata, coarser, strata_by
from estimation.sampling.stratification import merge_small

BY_SPREAD = ("neyman", "power", "optimal")  # allocations that go by the spread inside strata, and take n as given


def strata_for(frame: Frame, columns: str, merge: int = 0, n: int = 0) -> Strata:
    """Make the strata that a design names; one stratum, ``all``, where it names none.

    Parameters
    ----------
    columns : str
        As in :class:`estimation.sampling.design.Design`: columns, and classes of columns.
    merge : int
        Strata of fewer stations are merged with their neighbour.
    n : int
        Stations of the sample, which cuts by Lavallée and Hidiroglou are made for.

    Raises
    ------
    FrameError
        A column is not in the frame.
    DesignError
        A class, ``column/number`` or ``column?``, can't be made.
    """
    if merge or n:
        return _strata_for(frame, columns, merge, n)
    if columns not in frame.partitions:  # every calibration of a projection asks for the same few
        frame.partitions[columns] = _strata_for(frame, columns)
    strata: Strata = frame.partitions[columns]
    return strata


def _strata_for(frame: Frame, columns: str, merge: int = 0, n: int = 0) -> Strata:
    if columns:
        names = [name.strip() for name in columns.split(",")]
        cut = {name: classes(frame, name, n) for name in names if is_class(frame, name)}
        strata = strata_by(replace(frame, table=frame.table.assign(**cut)) if cut else frame, columns)
        return merge_small(strata, merge) if merge else strata
    size = np.array([float(len(frame))])
    return Strata("", np.zeros(len(frame), dtype=np.intp), ("all",), size, ())


def cells_for(frame: Frame, design: Design, strata: Strata) -> Strata:
    """Give the cells within which stations that are in stand for those that are out.

    The design's strata where they are areas; districts where it has none; and where its strata are
    classes alone, such as ``registered?``, these within districts, as late stations are far ones.
    """
    if not design.strata:
        return strata_by(frame, "district")
    names = [name.strip() for name in design.strata.split(",")]
    if all(is_class(frame, name) for name in names):
        return strata_for(frame, f"district,{design.strata}", n=design.n)
    return strata


def allocate(frame: Frame, design: Design, strata: Strata) -> IntArray:
    """Allocate the design's n to strata.

    Neyman, power, optimal and Bethel allocation take the spread inside strata from the earlier
    election, d = x (p - θ) with x the registered voters and p the baseline's share of the first
    candidate; see :func:`notes` for what they do not see. Optimal allocation takes the costs of
    :func:`estimation.sampling.cost.by_stratum`.

    Returns
    -------
    numpy.ndarray of intp, shape (H,)
        It adds up to the design's n, except with ``bethel``, which finds n from the targets.

    Raises
    ------
    DesignError
        It does not fit; the message names the coarser columns whose strata do. Or the contest has
        no earlier election to take the spread from.
    """
    n, size, least, most = design.n, strata.size, design.minimum, design.maximum or None
    if design.strata and np.minimum(size, least).sum() > n and n <= len(frame) and design.allocation != "bethel":
        _advise(frame, design, strata)
    if design.allocation == "proportional":
        return allocation.proportional(n, size, least, maximum=most)
    if design.allocation == "equal":
        return allocation.equal(n, size, least, maximum=most)
    voters = _sums(strata, _voters(frame))
    if design.allocation == "registered":
        return allocation.proportional(n, size, least, measure=voters, maximum=most)
    spread = _spread(strata, _residuals(frame, design))
    if design.allocation == "neyman":
        return allocation.neyman(n, size, spread, least, maximum=most)
    if design.allocation == "power":
        return allocation.power(n, size, voters, spread * size / voters, minimum=least, maximum=most)
    if design.allocation == "optimal":
        prices = prices_of(frame, design.cost, design.cost_station, design.cost_village)
        assert prices is not None  # a design without costs has no such allocation
        cost = by_stratum(frame, strata, prices, n)
        return allocation.optimal_cost(n, size, spread, cost, least, maximum=most)
    return _bethel(frame, design, strata, spread)


def notes(frame: Frame, design: Design) -> tuple[Notice, ...]:
    """Say what an analyst should know of the allocation: what its spread does not see, costs that are not known."""
    found = []
    if design.allocation in BY_SPREAD and _by_village(frame):
        found.append(Notice("W318", {"allocation": design.allocation}))
    if design.allocation == "optimal" and design.cost and (blank := int(frame.table[design.cost].isna().sum())):
        found.append(Notice("W317", {"column": design.cost, "count": blank}))
    return tuple(found)


def _by_village(frame: Frame) -> bool:
    """Tell whether the earlier election is known by village, or a wider area, alone: its shares agree inside each."""
    if f"{PREFIX}1" not in frame.table.columns:
        return False
    village = frame.areas("village").codes
    share = auxiliary_columns(frame, [f"{PREFIX}1"])[:, 0]
    return len(np.unique(np.column_stack([village, share]), axis=0)) == int(village.max()) + 1 < len(frame)


def _advise(frame: Frame, design: Design, strata: Strata) -> NoReturn:
    """Say that n can't serve the strata, and which columns of the frame it can."""
    fitting = coarser(frame, design.n, design.minimum)
    advice = ", ".join(f"{name} ({count} strata)" for name, count in fitting) or "none"
    try:
        allocation.proportional(design.n, strata.size, design.minimum)
    except DesignError as error:
        raise DesignError(
            f"strata '{design.strata}': {error}. Columns of the frame that n = {design.n} can serve: {advice}; "
            f"or draw more stations"
        ) from error
    raise AssertionError("the minima fit after all")


def _voters(frame: Frame) -> Array:
    return auxiliary_columns(frame, ["registered"])[:, 0]


def _residuals(frame: Frame, design: Design) -> Array:
    """Give x (p - θ) of every station by the earlier election, shape (N,)."""
    column = f"{PREFIX}1"
    if column not in frame.table.columns:
        raise DesignError(
            f"allocation '{design.allocation}' needs an earlier election to see how strata differ: add baseline.csv, "
            f"or allocate proportionally"
        )
    voters, share = _voters(frame), auxiliary_columns(frame, [column])[:, 0]
    return np.asarray(voters * (share - (voters @ share) / voters.sum()))


def _sums(strata: Strata, values: Array) -> Array:
    return np.bincount(strata.codes, values, len(strata.labels)).astype(np.float64)


def _spread(strata: Strata, values: Array) -> Array:
    """Give the standard deviation inside each stratum, shape (H,)."""
    means = _sums(strata, values) / strata.size
    squares = _sums(strata, (values - means[strata.codes]) ** 2)
    return np.asarray(np.sqrt(squares / np.maximum(strata.size - 1, 1)))


def _bethel(frame: Frame, design: Design, strata: Strata, spread: Array) -> IntArray:
    """Find the smallest sample that meets every target: the whole, and each area of a level.

    Raises
    ------
    DesignError
        The earlier election is known by village only: the spread inside villages would be unseen, and
        n come out too small.
    """
    if _by_village(frame):
        raise DesignError(
            "allocation 'bethel' finds n from how stations differ, and the earlier election is known by village "
            'only, so that n would come out too small: give a baseline by station (level = "tps"), or set n '
            "and allocate by power"
        )
    voters = _sums(strata, _voters(frame))
    domains: list[BoolArray] = []
    margins: list[float] = []
    for target in design.targets:
        level, _, margin = target.partition("=")
        masks = [np.ones(len(strata.labels), dtype=np.bool_)] if level == "all" else _areas(frame, strata, level)
        domains += masks
        margins += [float(margin)] * len(masks)
    inside = np.array(domains)
    return allocation.bethel(
        strata.size,
        np.repeat(spread[:, None], len(inside), axis=1),
        np.array(margins),
        totals=inside @ voters,
        domains=inside,
        level=0.95,
        minimum=design.minimum,
        maximum=design.maximum or None,
    )


def _areas(frame: Frame, strata: Strata, level: str) -> list[BoolArray]:
    """Give, for each area of a level, which strata lie in it."""
    if level not in AREA_LEVELS:
        raise DesignError(f"target '{level}': it is 'all' or one of {', '.join(AREA_LEVELS)}")
    codes = frame.areas(level).codes
    pairs = np.unique(np.column_stack([strata.codes, codes]), axis=0)
    if len(pairs) > len(strata.labels):
        raise DesignError(f"target '{level}': strata '{strata.columns}' cross its areas: make strata inside them")
    area = pairs[:, 1]
    return [area == code for code in np.unique(area)]
