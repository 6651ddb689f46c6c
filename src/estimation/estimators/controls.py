"""Control totals: what the frame knows of every station, as calibration uses it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from estimation.arrays import Array, BoolArray, IntArray, group_sums
from estimation.baseline import PREFIX
from estimation.columns import nearest_name
from estimation.contest import CONTROL_WORDS
from estimation.errors import EstimateError
from estimation.frame import Frame
from estimation.rules import Notice
from estimation.sampling import Strata, strata_for
from estimation.survey.collapse import collapse

STATIONS, REGISTERED, BASELINE, STRATUM = CONTROL_WORDS


@dataclass(frozen=True, slots=True)
class Control:
    """A quantity that is known of every station of the frame, to be added up in all or by cells.

    Attributes
    ----------
    name : str
        As it was asked for, ``registered by district``.
    values : numpy.ndarray, shape (N,)
        The quantity; a station without it has the mean of its cell, or of the frame where the cell has none.
    cells : Strata
        Within which it is added up; one cell for the whole frame.
    """

    name: str
    values: Array
    cells: Strata


@dataclass(frozen=True, slots=True)
class Controls:
    """The controls of one frame, with what was filled in.

    Attributes
    ----------
    parts : tuple of Control
    entries : tuple of str
        What was asked for and is used: all but the roll where no station's is known.
    notes : tuple of Notice
        W319 for each quantity that some stations lack; W326 or W327 where no roll is known.
    """

    parts: tuple[Control, ...]
    entries: tuple[str, ...] = ()
    notes: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Auxiliary:
    """Controls laid beside the stations of a sample; leading axes are replicates.

    Attributes
    ----------
    names : tuple of str
        The q columns, ``registered by district: BESUKI``.
    values : numpy.ndarray, shape (…, n, q)
    totals : numpy.ndarray, shape (…, q)
        Of the whole frame. Where cells were joined in one replicate only, the others' last columns are 0.
    joined : int
        Cells that were taken together with a neighbour, as too few of their stations are in; the most of any
        replicate.
    """

    names: tuple[str, ...]
    values: Array
    totals: Array
    joined: int


def controls_for(frame: Frame, entries: Sequence[str], strata: Strata) -> Controls:
    """Read what is to be calibrated on.

    Where the roll of no station is known, it is left out, and an earlier election's shares count alike at every
    station: a total of shares is known of the frame as well as one of votes, and goes with the votes nearly as well
    where stations are of a size. The design's weights don't need the roll, so that the rest stays what it is.

    Parameters
    ----------
    frame : Frame
    entries : sequence of str
        ``QUANTITY`` or ``QUANTITY by CELLS``. A quantity is ``stations`` (their number), ``registered`` (voters),
        ``baseline`` (the earlier election's votes of each candidate, its shares times the roll), or any numeric
        column. Cells are ``stratum`` or what ``[design] strata`` takes, such as ``district`` or ``registered/3``;
        cells alone, ``district``, mean ``stations by district``.
    strata : Strata
        What ``stratum`` means: the design's.

    Raises
    ------
    EstimateError
        A quantity is not in the frame or holds no number; the message names the nearest column. Nothing but the
        roll was asked for, and no station's is known.
    """
    parts: list[Control] = []
    notes: list[Notice] = []
    rolls = bool(np.isfinite(frame.registered).any())
    used = tuple(entry for entry in entries if rolls or entry.partition(" by ")[0].strip() != REGISTERED)
    if not used:
        raise EstimateError(
            f"calibration on {', '.join(entries)}: registered voters are known of no station: put them in the frame, "
            "or name other control totals in [estimate] auxiliaries"
        )
    for entry in used:
        quantity, _, named = (part.strip() for part in entry.partition(" by "))
        if not named and _is_cells(frame, quantity):
            quantity, named = STATIONS, quantity
        cells = strata if named == STRATUM else strata_for(frame, named)
        for label, values in _quantities(frame, quantity):
            missing = int(np.isnan(values).sum())
            if missing and all(note.values["column"] != label for note in notes):
                notes.append(Notice("W319", {"column": label, "count": missing}))
            parts.append(Control(f"{label} by {named}" if named else label, _filled(label, values, cells), cells))
    if not rolls:
        alone = all(part.name.partition(" by ")[0] == STATIONS for part in parts)
        notes.append(Notice("W327" if alone else "W326", {"controls": ", ".join(used)}))
    return Controls(tuple(parts), used, tuple(notes))


def lay(controls: Controls, rows: IntArray, seen: BoolArray, cells_in: int = 2) -> Auxiliary:
    """Lay controls beside the stations that are in.

    A cell in which fewer than `cells_in` stations are in is taken together with a neighbour by
    :func:`estimation.survey.collapse`, as a total that nobody in the sample stands for can't be met.

    Parameters
    ----------
    rows : numpy.ndarray of intp, shape (…, n)
        Frame rows of the sample.
    seen : numpy.ndarray of bool, shape (…, n)
        Which of them are in.
    """
    names: list[str] = []
    values: list[Array] = []
    totals: list[Array] = []
    joined = 0
    for part in controls.parts:
        cells, number = part.cells, len(part.cells.labels)
        code = cells.codes[rows]
        # a cell is complete with all its stations in, and needs no neighbour then
        group = collapse(group_sums(seen, code, number), cells.size, list(cells.parents), needed=cells_in)
        groups = int(group.max()) + 1
        joined = max(joined, number - int(group.max(axis=-1).min()) - 1)
        total = np.bincount(cells.codes, part.values, number).astype(np.float64)
        totals.append(group_sums(np.broadcast_to(total, group.shape), group, groups))
        own = np.take_along_axis(group, code, axis=-1)[..., None] == np.arange(groups)
        values.append(np.where(own, part.values[rows][..., None], 0.0))
        names += _labels(part, group, groups)
    return Auxiliary(tuple(names), np.concatenate(values, axis=-1), np.concatenate(totals, axis=-1), joined)


def _labels(part: Control, group: IntArray, groups: int) -> list[str]:
    """Name the columns of a control; of replicates by number, as their cells differ."""
    labels = part.cells.labels
    if len(labels) == 1:
        return [part.name]
    if group.ndim > 1:
        return [f"{part.name}: {g + 1}" for g in range(groups)]
    return [f"{part.name}: {' + '.join(labels[m] for m in np.flatnonzero(group == g))}" for g in range(groups)]


def _is_cells(frame: Frame, word: str) -> bool:
    """Say whether a word alone names cells: an area, classes, a column of words."""
    if word in CONTROL_WORDS[:3]:
        return False
    if word == STRATUM or "," in word or "/" in word or word.endswith("?"):
        return True
    return word in frame.table.columns and frame.table[word].dtype.kind not in "fiub"


def _quantities(frame: Frame, word: str) -> list[tuple[str, Array]]:
    """Give the columns that a quantity stands for, NaN where a station has none."""
    if word == STATIONS:
        return [(STATIONS, np.ones(len(frame)))]
    if word == REGISTERED:
        return [(REGISTERED, frame.registered)]
    if word == BASELINE:
        columns = [name for name in frame.table.columns if name.startswith(PREFIX)]
        if not columns:
            raise EstimateError(
                "auxiliary 'baseline': the contest has no earlier election: add baseline.csv, or leave it out"
            )
        known = np.isfinite(frame.registered)
        # without any roll every station counts as one
        roll = np.where(known, frame.registered, frame.registered[known].mean() if known.any() else 1.0)
        return [(name, roll * frame.table[name].to_numpy(dtype=np.float64)) for name in columns]
    if word not in frame.table.columns:
        near = nearest_name(word, [*CONTROL_WORDS[:3], *frame.table.columns])
        raise EstimateError(
            f"auxiliary '{word}' is not in the frame: "
            + (f"did you mean '{near}'?" if near else f"it has {', '.join(frame.table.columns)}")
        )
    if frame.table[word].dtype.kind not in "fiu":
        raise EstimateError(f"auxiliary '{word}' is not numeric: name a column of numbers, or cells as 'stations by …'")
    return [(word, frame.table[word].to_numpy(dtype=np.float64))]


def _filled(label: str, values: Array, cells: Strata) -> Array:
    """Put the mean of the cell, else of the frame, where a station has no value."""
    known = np.isfinite(values)
    if known.all():
        return values
    if not known.any():
        raise EstimateError(f"auxiliary '{label}' has no value at any station: leave it out")
    number = len(cells.labels)
    count = np.bincount(cells.codes, known, number)
    total = np.bincount(cells.codes, np.where(known, values, 0.0), number)
    mean = np.where(count > 0, total / np.maximum(count, 1), values[known].mean())
    return np.where(known, values, mean[cells.codes])
