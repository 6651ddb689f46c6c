"""What a variance may know of a design."""

from dataclasses import dataclass, field, fields

import numpy as np

from estimation.arrays import Array, BoolArray, IntArray, group_sums, per_station
from estimation.errors import DesignError

CERTAIN = 1 - 1e-9  # an inclusion probability from here on is a certainty


@dataclass(frozen=True, slots=True)
class Structure:
    """The design of the stations that are looked at; leading axes are replicates.

    It holds every station that was drawn; one that is not in has weight 0. Everything after
    `method` is optional, and a variance says what it needs.

    Attributes
    ----------
    weight : numpy.ndarray, shape (…, n)
        Expansion weight of each station, stations of the population for each; 0 = not in.
    stratum : numpy.ndarray of intp, shape (n,) or (…, n)
        The stratum of each station, 0 … H - 1.
    size : numpy.ndarray, shape (H,) or (…, H)
        Stations in each stratum of the population; infinite for sampling with replacement.
    method : str
        How the sample was drawn.
    probability : numpy.ndarray, shape (n,) or (…, n), optional
        Inclusion probability π_i of each station, in (0, 1]; 1 is a certainty.
    joint : numpy.ndarray, shape (n, n) or (…, n, n), optional
        Joint inclusion probabilities π_ij in [0, 1], with π_i on the diagonal.
    cluster : numpy.ndarray of intp, shape (n,) or (…, n), optional
        The primary unit (village) of each station, 0 … C - 1, nested in strata.
    cluster_size : numpy.ndarray, shape (C,) or (…, C), optional
        Stations of the population in each primary unit.
    cluster_probability : numpy.ndarray, shape (C,) or (…, C), optional
        Inclusion probability of each primary unit, in (0, 1].
    order : numpy.ndarray of intp, shape (n,) or (…, n), optional
        Position of each station along the list that a systematic or ordered draw went through.
    spread : numpy.ndarray, shape (n, q) or (…, n, q), optional
        Coordinates over which the sample was spread.
    balance : numpy.ndarray, shape (n, p) or (…, n, p), optional
        Variables on whose totals the sample was balanced, π itself among them where the size was fixed.

    Raises
    ------
    DesignError
        Shapes do not fit each other, codes or probabilities lie outside their range, or a
        primary unit lies in two strata.
    """

    weight: Array
    stratum: IntArray
    size: Array
    method: str = "stratified"
    probability: Array | None = None
    joint: Array | None = None
    cluster: IntArray | None = None
    cluster_size: Array | None = None
    cluster_probability: Array | None = None
    order: IntArray | None = None
    spread: Array | None = None
    balance: Array | None = None
    _count: Array | None = field(default=None, init=False, repr=False, compare=False)  # what count() gave

    def __post_init__(self) -> None:
        n = self.weight.shape[-1]
        if self.stratum.shape[-1] != n:
            raise DesignError(f"{n} weights and {self.stratum.shape[-1]} strata: give one stratum for each weight")
        _check_codes(self.stratum, self.strata, "stratum", "sizes")
        if not (self.weight >= 0).all():
            raise DesignError("a weight is negative or not a number: weights are 0 (not in) or positive")
        if any(getattr(self, name) is not None for name in _OPTIONS):
            _check_options(self)

    @property
    def strata(self) -> int:
        """Number of strata H."""
        return int(self.size.shape[-1])

    @property
    def inside(self) -> BoolArray:
        """Which stations are in, shape (…, n)."""
        return np.asarray(self.weight > 0)

    def count(self) -> Array:
        """Count the stations that are in, by stratum: shape (…, H)."""
        if self._count is None:
            inside = self.inside
            if self.stratum.ndim == 1 and inside.all():
                count = np.broadcast_to(self.drawn(), (*inside.shape[:-1], self.strata))
            else:
                count = group_sums(inside, self.stratum, self.strata)
            object.__setattr__(self, "_count", count)
            return count
        return self._count

    def drawn(self) -> Array:
        """Count the stations that were drawn, in or not, by stratum: shape (H,) or (…, H)."""
        if self.stratum.ndim == 1:
            return np.bincount(self.stratum, minlength=self.strata).astype(np.float64)
        return group_sums(np.ones(self.stratum.shape), self.stratum, self.strata)

    def primary(self) -> Array:
        """Count the primary units that are in, by stratum: villages in two stages, else stations; shape (…, H)."""
        if self.cluster is None:
            return self.count()
        units = self.primary_units
        arrived = group_sums(self.inside, self.cluster, units) > 0
        return group_sums(arrived, primary_strata(self), self.strata)

    @property
    def primary_units(self) -> int:
        """Number of primary units C that have a code; 0 where the design has one stage."""
        for known in (self.cluster_size, self.cluster_probability):
            if known is not None:
                return int(known.shape[-1])
        return 0 if self.cluster is None or not self.cluster.size else int(self.cluster.max()) + 1

    def df(self) -> Array:
        """Degrees of freedom: primary units in, less strata that have any; shape (…).

        A primary unit is a village in two stages, else a station (Korn and Graubard 1999).
        """
        count = self.primary()
        return np.asarray(np.maximum(count - 1, 0).sum(axis=-1), dtype=np.float64)


def clusters(structure: Structure) -> IntArray:
    """Give the primary unit of each station, shape (…, n).

    Raises
    ------
    DesignError
        The design has one stage.
    """
    if structure.cluster is None:
        raise DesignError("the design has no primary units: give Structure(cluster=…), or take a one-stage variance")
    return structure.cluster


def primary_strata(structure: Structure) -> IntArray:
    """Find the stratum of each primary unit: shape (…, C), 0 where none of its stations was drawn."""
    cluster = clusters(structure)
    lead = np.broadcast_shapes(cluster.shape[:-1], structure.stratum.shape[:-1])
    n = cluster.shape[-1]
    found = np.zeros((*lead, structure.primary_units), dtype=np.intp)
    codes, strata = (np.broadcast_to(part, (*lead, n)) for part in (cluster, structure.stratum))
    np.put_along_axis(found, codes, strata, axis=-1)
    return found


def _check_codes(codes: IntArray, number: int, what: str, given: str) -> None:
    if codes.size and (codes.min() < 0 or codes.max() >= number):
        raise DesignError(f"{what} codes must lie in 0 … {number - 1}, as there are {number} {given}")


_OPTIONS = (
    "probability", "joint", "cluster", "cluster_size", "cluster_probability", "order", "spread", "balance"
)  # fmt: skip
# by field: trailing axes, and whether the axis that counts stations must be n
_PER_STATION = {"probability": 1, "cluster": 1, "order": 1, "spread": 2, "balance": 2}


def _check_options(structure: Structure) -> None:
    """Check what is optional, where it is given."""
    n = structure.weight.shape[-1]
    for name, trailing in _PER_STATION.items():
        value = getattr(structure, name)
        if value is not None and (value.ndim < trailing or value.shape[value.ndim - trailing] != n):
            need = "(…, n)" if trailing == 1 else "(…, n, columns)"
            raise DesignError(f"{name} has shape {value.shape} for {n} stations: it needs {need}")
    if structure.joint is not None and structure.joint.shape[-2:] != (n, n):
        raise DesignError(f"joint has shape {structure.joint.shape}, and {n} stations need ({n}, {n})")
    for name in ("probability", "cluster_probability"):
        value = getattr(structure, name)
        if value is not None and not (np.all(value > 0) and np.all(value <= 1 + 1e-9)):
            raise DesignError(f"{name} must lie above 0 and at most at 1: a unit without a chance can't be drawn")
    if structure.joint is not None and not (np.all(structure.joint >= 0) and np.all(structure.joint <= 1 + 1e-9)):
        raise DesignError("joint probabilities must lie in 0 … 1")
    if structure.cluster is not None:
        _check_clusters(structure, structure.cluster)
    elif structure.cluster_size is not None or structure.cluster_probability is not None:
        raise DesignError("cluster_size and cluster_probability need cluster, the primary unit of each station")


def _check_clusters(structure: Structure, cluster: IntArray) -> None:
    sizes, chances = structure.cluster_size, structure.cluster_probability
    if sizes is not None and chances is not None and sizes.shape[-1] != chances.shape[-1]:
        raise DesignError(
            f"{sizes.shape[-1]} cluster sizes and {chances.shape[-1]} cluster probabilities: one of each for a unit"
        )
    _check_codes(cluster, structure.primary_units, "cluster", "primary units")
    home = per_station(primary_strata(structure).astype(np.float64), cluster)
    if not np.all(home == structure.stratum):
        where = np.argwhere(home != structure.stratum)[0][-1]
        raise DesignError(
            f"primary unit {int(cluster[..., where].ravel()[0])} lies in two strata: a primary unit belongs to one"
        )


TRAILING = {
    "weight": 1,
    "stratum": 1,
    "size": 1,
    "cluster_size": 1,
    "cluster_probability": 1,
    "joint": 2,
} | _PER_STATION


def lead_shape(structure: Structure) -> tuple[int, ...]:
    """Find the leading axes (replicates) that the fields of a structure have together."""
    shapes = []
    for name, trailing in TRAILING.items():
        value = getattr(structure, name)
        if value is not None and value.ndim > trailing:
            shapes.append(value.shape[: value.ndim - trailing])
    return np.broadcast_shapes(*shapes) if shapes else ()


def flatten(structure: Structure, lead: tuple[int, ...]) -> dict[str, Array | str | None]:
    """Lay the leading axes of every field that has any on one axis."""
    flat: dict[str, Array | str | None] = {}
    for part in fields(structure):
        if not part.init:
            continue
        value = getattr(structure, part.name)
        trailing = TRAILING.get(part.name, 0)
        if trailing and value is not None and value.ndim > trailing:
            rest = value.shape[value.ndim - trailing :]
            value = np.broadcast_to(value, (*lead, *rest)).reshape(-1, *rest)
        flat[part.name] = value
    return flat
