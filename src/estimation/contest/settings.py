"""The tables of ``contest.toml``: what is being decided, the clock, the release, and how it is projected."""

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, ConfigDict, Field

_FORBID = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

Share = Annotated[float, Field(gt=0, lt=1)]
DecisionRule = Literal["plurality", "majority-runoff", "single-candidate"]
Mode = Literal["live", "rehearsal", "demo"]
Method = Literal[
    "simple",
    "stratified",
    "systematic",
    "pps-systematic",
    "sampford",
    "max-entropy",
    "pivotal",
    "cube",
    "local-cube",
    "two-stage",
]
Allocation = Literal["proportional", "registered", "equal", "neyman", "power", "optimal", "bethel"]
EstimatorName = Literal[
    "auto", "multilevel", "two-phase", "propensity", "propensity-cells", "ratio", "separate", "poststratified", "raked",
    "calibrated",
]  # fmt: skip
IntervalName = Literal["auto", "t", "logit", "wilson", "clopper-pearson", "simultaneous", "percentile"]
VarianceName = Literal[
    "auto",
    "stratified",
    "successive",
    "local-neighbourhood",
    "balanced",
    "horvitz-thompson",
    "yates-grundy",
    "deville",
    "ultimate-cluster",
    "two-stage",
    "jackknife",
    "bootstrap",
    "successive-replicates",
]
FormatName = Literal["auto", "table", "kobo", "odk", "apollo", "messages", "kpu"]
CONTROL_WORDS = ("stations", "registered", "baseline", "stratum")  # what [estimate] auxiliaries are made of
Release = Literal["internal", "embargoed", "public"]


@dataclass(frozen=True, slots=True)
class About:
    """Table ``[contest]``."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    title: Annotated[str, Field(min_length=1)]
    kind: Annotated[str, Field(min_length=1)]
    election_day: date
    timezone: ZoneInfo
    publish_after: AwareDatetime
    rule: DecisionRule
    threshold: Share = 0.5
    mode: Mode = "live"
    release: Release = "internal"
    level: Share = 0.95
    inhabitants: Annotated[int, Field(gt=0)] | None = None
    sponsor: str | None = None
    funding: str | None = None
    registration: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One entry of ``[[candidates]]``; his votes are the column ``votes_<number>``."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID
    number: Annotated[int, Field(ge=1)]
    name: Annotated[str, Field(min_length=1)]
    short: str = ""
    color: Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")] | None = None
    empty_column: bool = False

    @property
    def label(self) -> str:
        """The short name, or the name where there is none."""
        return self.short or self.name

    @property
    def votes(self) -> str:
        """The column that holds his votes."""
        return f"votes_{self.number}"


@dataclass(frozen=True, slots=True)
class FileTable:
    """Tables ``[frame]``, ``[official]``: where a file is."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID
    path: str | None = None


@dataclass(frozen=True, slots=True)
class BaselineTable:
    """Table ``[baseline]``: an earlier election, by station or by area."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID
    path: str | None = None
    level: Literal["tps", "village", "district", "regency", "province"] = "tps"


@dataclass(frozen=True, slots=True)
class BoundariesTable:
    """Table ``[boundaries]``: outlines of areas for the map."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID
    path: str | None = None
    columns: dict[str, Literal["province", "regency", "district", "village"]] = field(default_factory=dict)
    credit: str = ""


@dataclass(frozen=True, slots=True)
class ReturnsTable:
    """Table ``[returns]``: where returns come in and what is allowed in them."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID
    path: str = "inbox"
    format: FormatName = "auto"
    columns: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, Literal["received", "verified", "rejected"]] = field(default_factory=dict)
    code: str = ""  # that messages begin with; the contest's id by default
    database: str | None = None
    table: str | None = None
    query: str | None = None
    parameters: dict[str, str | int] = field(default_factory=dict)
    timezone: ZoneInfo | None = None
    allowance: Annotated[float, Field(ge=0)] = 0.10
    ballot_reserve: Annotated[float, Field(ge=0)] = 0.025  # of the roll; _NATIONAL_LIMITS in national elections
    max_registered: Annotated[int, Field(gt=0)] = 600
    asked: Literal["sample", "all"] = "sample"
    ledger: str | None = None


@dataclass(frozen=True, slots=True)
class DesignTable:
    """Table ``[design]``: how the sample is drawn."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID
    method: Method = "stratified"
    n: Annotated[int, Field(gt=0)] = 300
    strata: str | None = None
    merge: Annotated[int, Field(ge=0)] = 0
    allocation: Allocation = "proportional"
    targets: tuple[str, ...] = ()
    minimum: Annotated[int, Field(ge=1)] = 2
    maximum: Annotated[int, Field(ge=0)] = 0
    cost: str = ""
    cost_station: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    cost_village: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    margin: Share | None = None
    budget: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    right_leader: Annotated[float, Field(gt=0.5, lt=1)] | None = None
    sort: str = ""
    measure: str = ""
    balance: tuple[str, ...] = ()
    spread: tuple[str, ...] = ()
    cluster: str = "village"
    per_cluster: Annotated[int, Field(ge=1)] = 3
    order: Literal["random", "sha256"] = "random"
    reserve: Annotated[float, Field(ge=0)] = 0.0
    seed: str | int = 1


@dataclass(frozen=True, slots=True)
class EstimateTable:
    """Table ``[estimate]``: how the projection is computed and when somebody may be called."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID
    estimator: EstimatorName = "auto"
    auxiliaries: tuple[str, ...] = ()
    distance: Literal["linear", "raking", "logit"] = "linear"
    bounds: tuple[float, float] | None = None
    leverage: bool = True
    variance: VarianceName = "auto"
    replicates: Annotated[int, Field(ge=20, le=100_000)] = 1000
    single: Literal["collapse", "certainty", "centred", "average"] = "collapse"
    interval: IntervalName = "auto"
    degrees: Literal["design", "satterthwaite"] = "design"
    covariates: tuple[str, ...] = ("baseline", "size")
    delta: Annotated[float, Field(ge=0, le=2)] = 0.05
    tau: Annotated[float, Field(gt=0, le=2)] = 0.1
    kappa: Annotated[float, Field(ge=0, le=1)] = 0.75
    phi: tuple[float, float] = (0.04, 0.06)
    call_error: Annotated[float, Field(gt=0, lt=0.5)] = 0.001
    call_rule: Literal["planned", "anytime", "once"] = "planned"
    spending: Literal["obrien-fleming", "pocock"] = "obrien-fleming"
    takes: Annotated[int, Field(ge=1, le=500)] | None = None
    min_received: Annotated[float, Field(ge=0, le=1)] = 0.5
    min_per_stratum: Annotated[int, Field(ge=0)] = 2
    agree: bool = True
    drift: Annotated[float, Field(ge=0, le=1)] = 0.25


@dataclass(frozen=True, slots=True)
class ReportTable:
    """Table ``[report]``: how the page reads."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID
    language: Literal["id", "en"] = "id"
    areas: Literal["province", "regency", "district", "village"] | None = None


@dataclass(frozen=True, slots=True)
class Contest:
    """A contest: all that ``contest.toml`` says, and the folder it stands in.

    Attributes
    ----------
    about : About
        ``[contest]``.
    candidates : tuple of Candidate
        In the file's order, which is the order of every array of shares.
    frame, official : FileTable
    baseline : BaselineTable
    boundaries : BoundariesTable
    returns : ReturnsTable
    design : DesignTable
    estimate : EstimateTable
    report : ReportTable
    folder : pathlib.Path
    """

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID
    about: About
    candidates: tuple[Candidate, ...]
    frame: FileTable = FileTable()
    baseline: BaselineTable = BaselineTable()
    official: FileTable = FileTable()
    boundaries: BoundariesTable = field(default_factory=BoundariesTable)
    returns: ReturnsTable = field(default_factory=ReturnsTable)
    design: DesignTable = DesignTable()
    estimate: EstimateTable = EstimateTable()
    report: ReportTable = ReportTable()
    folder: Path = Path()

    @property
    def out(self) -> Path:
        """The folder that the project writes to."""
        return self.folder / "out"

    @property
    def vote_columns(self) -> list[str]:
        """Columns of the candidates' votes, in candidate order."""
        return [candidate.votes for candidate in self.candidates]

    def local(self, moment: datetime) -> datetime:
        """Show a moment on the contest's clock."""
        return moment.astimezone(self.about.timezone)
