"""A sampling design as one object."""

from dataclasses import dataclass
from typing import get_args

from estimation.columns import nearest_name
from estimation.contest import Allocation, Contest, Method
from estimation.errors import DesignError

METHODS: tuple[str, ...] = get_args(Method)
ALLOCATIONS: tuple[str, ...] = get_args(Allocation)
UNEQUAL = ("pps-systematic", "sampford", "max-entropy")  # probabilities in proportion to a measure
STRATIFIED = ("stratified",)  # what takes strata by default
ORDERED = ("systematic", "pps-systematic", "pivotal")  # what goes through a list


@dataclass(frozen=True, slots=True)
class Design:
    """How a sample is drawn.

    Attributes
    ----------
    n : int
        Stations to draw.
    method : str
        One of ``METHODS``.
    strata : str
        Frame columns, joined by commas; blank for none. ``baseline_1/3`` cuts a numeric column into
        three classes by cumulative √f, ``baseline_1/3lh`` by Lavallée and Hidiroglou for n stations;
        ``registered?`` parts the stations whose value is known from those where it is blank. A method
        is used within each stratum.
    merge : int
        Strata of fewer stations than this are merged with their neighbour; 0: none is.
    allocation : str
        One of ``ALLOCATIONS``.
    minimum : int
        The least number of stations in a stratum; a smaller one is taken whole.
    maximum : int
        The most in a stratum; 0: no limit but its stations.
    cost : str
        For allocation ``optimal``: frame column with the cost of each station, > 0.
    cost_station, cost_village : float
        Instead of a column, the cost of every station; and that of going to a village, whatever the
        number of its stations. Any currency; 0: not given.
    targets : tuple of str
        For allocation ``bethel``, which finds n itself: the margins of error asked for, ``all=0.01``
        for the whole, ``district=0.05`` for every district.
    sort : str
        Columns of the order in which systematic and ordered pivotal draws go through the frame;
        blank for the order of the map: village by village, stations by number.
    measure : str
        Column that probabilities are proportional to; blank for equal ones, except with
        ``pps-systematic``, ``sampford`` and ``max-entropy``, which take ``registered``.
    balance : tuple of str
        Numeric columns whose totals a cube sample meets.
    spread : tuple of str
        Numeric columns in whose space a pivotal or local cube sample is spread.
    cluster : str
        Column of the primary units of a two-stage draw.
    per_cluster : int
        Stations drawn in each.
    order : str
        ``random``, or ``sha256``: tickets by the public specification of Rivest's sampler, for
        simple and stratified draws, so that another program can check them.
    reserve : float
        Ordered replacements, as a part of the drawn stations of each stratum (of each district where
        there are no strata); see :mod:`estimation.sampling.reserve` for when one may be used.
    seed : str
        Any text: a number, dice.
    """

    n: int
    method: str = "stratified"
    strata: str = "district"
    merge: int = 0
    allocation: str = "proportional"
    minimum: int = 2
    maximum: int = 0
    cost: str = ""
    cost_station: float = 0.0
    cost_village: float = 0.0
    targets: tuple[str, ...] = ()
    sort: str = ""
    measure: str = ""
    balance: tuple[str, ...] = ()
    spread: tuple[str, ...] = ()
    cluster: str = "village"
    per_cluster: int = 3
    order: str = "random"
    reserve: float = 0.0
    seed: str = "1"

    def __post_init__(self) -> None:
        for what, value, known in (("method", self.method, METHODS), ("allocation", self.allocation, ALLOCATIONS)):
            if value not in known:
                near = nearest_name(value, known)
                raise DesignError(
                    f"{what} '{value}' is unknown: "
                    + (f"did you mean '{near}'?" if near else f"known are {', '.join(known)}")
                )
        if 0 < self.maximum < self.minimum:
            raise DesignError(
                f"maximum {self.maximum} of a stratum lies below its minimum {self.minimum}: raise one, or lower the "
                f"other"
            )
        self._check_costs()
        if self.order == "sha256" and self.method not in ("simple", "stratified"):
            raise DesignError(f"order 'sha256' goes with methods simple and stratified, not with '{self.method}'")
        if self.method in ("cube", "local-cube") and not self.balance:
            raise DesignError(f"method '{self.method}' needs columns to balance on: name them in [design] balance")
        if (self.allocation == "bethel") != bool(self.targets):
            raise DesignError("allocation 'bethel' and targets go together: name [design] targets, such as all=0.01")
        if self.method == "simple" and self.strata:
            raise DesignError("method 'simple' has no strata: leave them out, or use method 'stratified'")
        if self.method == "stratified" and not self.strata:
            raise DesignError("method 'stratified' needs strata: name frame columns, or use method 'simple'")

    def _check_costs(self) -> None:
        """See that costs are given once, and that an allocation by cost has some."""
        one_cost(self.cost, self.cost_station)
        if self.allocation == "optimal" and not (self.cost or self.cost_station):
            raise DesignError(
                "allocation 'optimal' needs costs: name a frame column in [design] cost, or give cost_station "
                "(and cost_village)"
            )


def one_cost(cost: str, cost_station: float) -> None:
    """See that a station has one cost: a column's, or the same for all.

    Raises
    ------
    DesignError
        Both are given.
    """
    if cost and cost_station:
        raise DesignError(
            f"cost = '{cost}' and cost_station = {cost_station:g} both say what a station costs: keep one of them"
        )


def design_of(contest: Contest, **changes: object) -> Design:
    """Take the design of ``[design]`` in ``contest.toml``, with what the caller changes (None: not given).

    Costs are part of it only where the allocation goes by them; the design report reads them for all.

    Raises
    ------
    DesignError
        A method or an allocation is unknown, or the parts don't go together.
    """
    names = list(Design.__dataclass_fields__)
    values = {name: getattr(contest.design, name) for name in names}
    if changes.get("method") not in (None, values["method"]):
        values["strata"] = None  # the contest's strata belong to its method
    if changes.get("cost") and changes.get("cost_station") is None:
        values["cost_station"] = 0.0  # a station has one cost
    if changes.get("cost_station") is not None and changes.get("cost") is None:
        values["cost"] = ""
    values |= {name: value for name, value in changes.items() if value is not None}
    if values["strata"] is None:
        values["strata"] = "district" if values["method"] in STRATIFIED else ""
    one_cost(values["cost"], values["cost_station"])
    if values["allocation"] != "optimal":
        values |= {"cost": "", "cost_station": 0.0, "cost_village": 0.0}  # they move no station
    return Design(**{**values, "seed": str(values["seed"])})
