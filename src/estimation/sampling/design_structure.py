"""From drawn rows to the structure that a variance looks at: the one way, for a night's sample and for replicates."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from estimation.arrays import Array, IntArray
from estimation.frame import Frame
from estimation.sampling.apply_design import allocate
from estimation.sampling.auxiliary import auxiliary_columns, coordinates, positive
from estimation.sampling.design import Design
from estimation.sampling.strata import Strata
from estimation.survey import Structure

LARGEST_JOINT = 3000  # stations of a stratum whose joint probabilities are worked out: N² numbers
JOINT_NUMBERS = 1_000_000  # joint probabilities of replicates that are held together

_JOINT = ("sampford", "max-entropy")  # methods with exact joint probabilities


@dataclass(frozen=True, slots=True)
class Drawn:
    """Rows of the frame that were drawn, once or many times.

    Attributes
    ----------
    rows : numpy.ndarray of intp, shape (n,) or (replicates, n)
        In the order of the list where the method goes through one; -1 fills up a two-stage sample that is
        smaller than others.
    probability : numpy.ndarray, shape as ``rows``
        Inclusion probabilities.
    psu_probability : numpy.ndarray, shape as ``rows``, or None
        Of the primary units of a two-stage draw.
    """

    rows: IntArray
    probability: Array
    psu_probability: Array | None = None

    @property
    def stations(self) -> IntArray:
        """The rows, with an empty place as the first station of its sample."""
        return np.where(self.rows < 0, self.rows[..., :1], self.rows)

    def replicates(self, which: IntArray | slice | int) -> "Drawn":
        """Take some of the replicates, or one of them as a single sample."""
        psu = None if self.psu_probability is None else self.psu_probability[which]
        return Drawn(self.rows[which], self.probability[which], psu)


@dataclass(frozen=True, slots=True)
class Joint:
    """Joint inclusion probabilities of all stations of a frame; strata are drawn independently.

    Attributes
    ----------
    stratum, place : numpy.ndarray of intp, shape (N,)
        The stratum of each station, and its row in the table of that stratum.
    tables : tuple of numpy.ndarray, each of shape (N_h, N_h)
        With π_i on the diagonal; without rows for a stratum that nothing is drawn of.
    """

    stratum: IntArray
    place: IntArray
    tables: tuple[Array, ...]

    def of(self, rows: IntArray) -> Array:
        """Look up the pairs of drawn stations: rows (…, n) to (…, n, n)."""
        stratum, place = self.stratum[rows], self.place[rows]
        if len(self.tables) == 1:
            return np.asarray(self.tables[0][place[..., :, None], place[..., None, :]])
        single = np.empty(rows.shape)
        for h, table in enumerate(self.tables):
            mine = stratum == h
            single[mine] = np.diagonal(table)[place[mine]]
        pairs = single[..., :, None] * single[..., None, :]
        for h, table in enumerate(self.tables):
            mine = stratum == h
            both = mine[..., :, None] & mine[..., None, :]
            left, right = (np.broadcast_to(axis, both.shape) for axis in (place[..., :, None], place[..., None, :]))
            pairs[both] = table[left[both], right[both]]
        return pairs


def joint_of(frame: Frame, design: Design, strata: Strata, drawn: IntArray | None = None) -> Joint | None:
    """Work out a design's joint probabilities where its method has exact ones.

    Parameters
    ----------
    drawn : numpy.ndarray of intp, shape (H,), optional
        Stations drawn of each stratum; the design's allocation where it is not given.

    Returns
    -------
    Joint or None
        None where the method has none, or a stratum more than ``LARGEST_JOINT`` stations.
    """
    if design.method not in _JOINT or strata.size.max() > LARGEST_JOINT:
        return None
    from estimation.sampling import selection  # whoever reads a sample seldom needs it

    joint: Callable[[ArrayLike], Array] = {
        "sampford": selection.sampford_joint,
        "max-entropy": selection.max_entropy_joint,
    }[design.method]
    drawn = allocate(frame, design, strata) if drawn is None else drawn
    measure = positive(frame, design.measure or "registered")
    place, tables = np.zeros(len(frame), dtype=np.intp), []
    for h, n in enumerate(drawn):
        inside = np.flatnonzero(strata.codes == h)
        place[inside] = np.arange(len(inside))
        chance = selection.inclusion_probabilities(measure[inside], int(n)) if n else np.zeros(0)
        tables.append(joint(chance) if n else np.zeros((0, 0)))
    return Joint(strata.codes, place, tuple(tables))


def design_structure(
    frame: Frame, design: Design, strata: Strata, drawn: Drawn, joint: Joint | None = None
) -> Structure:
    """Compose the structure of drawn rows, with what the variance of the method needs besides weights and strata.

    The night's sample and the replicates of a backtest or a design report take this same way, so that they get
    the same variance. Joint probabilities take R n² numbers: give replicates in blocks (:func:`replicates_at_once`).

    Parameters
    ----------
    drawn : Drawn
        Arrays of shape (n,) or (R, n). A row of -1 becomes a station of weight 0 in the first village of
        its sample.
    joint : Joint, optional
        Of :func:`joint_of`; worked out where it is not given.

    Returns
    -------
    Structure
        Weights 1/π, of shape (n,) or (R, n).

    Raises
    ------
    FrameError
        The frame lacks a column that the design goes by.
    """
    absent, rows = drawn.rows < 0, drawn.stations
    probability = np.where(absent, 1.0, drawn.probability)
    spread = balance = cluster = size = chance = None
    if design.method == "local-cube" or (design.method == "pivotal" and design.spread):
        spread = coordinates(frame, design.spread)[rows]
    if design.method in ("cube", "local-cube"):
        balance = np.concatenate([probability[..., None], auxiliary_columns(frame, design.balance)[rows]], axis=-1)
    if drawn.psu_probability is not None:
        cluster, size, chance = _primary_units(frame, design, rows, np.where(absent, np.nan, drawn.psu_probability))
    if joint is None:
        first = rows.reshape(-1, rows.shape[-1])[0]  # a method that has joint probabilities has a fixed size
        joint = joint_of(frame, design, strata, np.bincount(strata.codes[first], minlength=len(strata.labels)))
    return Structure(
        np.where(absent, 0.0, 1 / probability),
        strata.codes[rows],
        strata.size,
        design.method,
        probability=probability,
        joint=None if joint is None else joint.of(rows),
        order=np.arange(rows.shape[-1]),
        spread=spread,
        balance=balance,
        cluster=cluster,
        cluster_size=size,
        cluster_probability=chance,
    )


def replicates_at_once(drawn: Drawn, joint: Joint | None) -> int:
    """Say how many replicates to look at together, so that their joint probabilities take about 8 MB.

    Returns
    -------
    int
        At least 1; all of them where the method has no joint probabilities.
    """
    replicates, n = len(drawn.rows), len(drawn.rows[0])
    return replicates if joint is None else max(1, min(replicates, JOINT_NUMBERS // n**2))


def _primary_units(frame: Frame, design: Design, rows: IntArray, chance: Array) -> tuple[IntArray, Array, Array]:
    """Count the villages that were drawn, by name: their codes (…, n), stations (C,) and probabilities (C,)."""
    areas = frame.areas(design.cluster)
    number = np.empty(len(areas.labels), dtype=np.intp)
    number[np.argsort(np.array(areas.labels), kind="stable")] = np.arange(len(areas.labels))
    villages = number[areas.codes]
    codes, cluster = np.unique(villages[rows], return_inverse=True)
    cluster = cluster.reshape(rows.shape)
    known = np.isfinite(chance)
    probability = np.ones(len(codes))
    probability[cluster[known]] = np.minimum(chance[known], 1.0)
    return cluster, np.bincount(villages)[codes].astype(np.float64), probability
