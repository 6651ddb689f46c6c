"""What is being decided: the candidates, the rule, the clock and the release, from ``contest.toml``."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter, ValidationError

from estimation.columns import nearest
from estimation.errors import ContestError

_FORBID = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

Share = Annotated[float, Field(gt=0, lt=1)]
Rule = Literal["plurality", "majority-runoff", "single-candidate"]
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
    "auto",
    "multilevel",
    "two-phase",
    "propensity",
    "propensity-cells",
    "ratio",
    "separate",
    "poststratified",
    "raked",
    "calibrated",
]
IntervalName = Literal[
    "auto", "t", "logit", "wilson", "clopper-pearson", "likelihood", "asin", "simultaneous", "percentile"
]
VarianceName = Literal[
    "auto",
    "stratified",
    "with-replacement",
    "successive",
    "successive-circular",
    "local-neighbourhood",
    "balanced",
    "horvitz-thompson",
    "yates-grundy",
    "hajek",
    "hartley-rao",
    "brewer",
    "overton",
    "deville",
    "ultimate-cluster",
    "two-stage",
    "jackknife",
    "bootstrap",
    "brr",
    "fay",
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
    rule: Rule
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
    ballot_reserve: Annotated[float, Field(ge=0)] = 0.025
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


def load_contest(folder: Path | str) -> Contest:
    """Read ``contest.toml`` of a contest folder.

    Parameters
    ----------
    folder : path
        The contest folder, or the ``contest.toml`` in it.

    Raises
    ------
    ContestError
        The file is missing or isn't TOML; a table, key or value is unknown, missing or of the
        wrong kind (all of them are listed, with the nearest known name); a time has no UTC
        offset; there is no candidate, or the candidates don't fit the rule; a rehearsal or a demo is
        to be released.
    """
    path = Path(folder)
    path = path if path.name == "contest.toml" else path / "contest.toml"
    if not path.is_file():
        raise ContestError(f"{path}: there is no such file: name the folder that holds contest.toml")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ContestError(f"{path}: this is not valid TOML ({error}): mend that place") from error
    for name in [name for name in raw if name in ("about", "folder")]:
        raise ContestError(f"{path}: {_unknown(name, raw[name])}: known are {', '.join(_known_tables())}")
    if "contest" in raw:
        raw["about"] = raw.pop("contest")
    raw["folder"] = path.parent
    try:
        contest = TypeAdapter(Contest).validate_python(raw)
    except ValidationError as error:
        lines = [_explain(dict(item)) for item in error.errors(include_url=False)]
        raise ContestError("\n".join(f"{path}: {line}" for line in lines)) from error
    _check_candidates(contest, path)
    if contest.about.mode != "live" and contest.about.release != "internal":
        raise ContestError(
            f"{path}: [contest] release = '{contest.about.release}' goes with mode = 'live' only, and this is a "
            f'{contest.about.mode}: write release = "internal", as nobody may take it for a real night'
        )
    return contest


def estimate_table(table: EstimateTable, changes: Mapping[str, object]) -> EstimateTable:
    """Change keys of ``[estimate]``.

    Raises
    ------
    ContestError
        A key or a value is unknown; the message names what is known.
    """
    values = {name: getattr(table, name) for name in EstimateTable.__dataclass_fields__ if not name.startswith("_")}
    try:
        return TypeAdapter(EstimateTable).validate_python({**values, **changes})
    except ValidationError as error:
        lines = []
        for item in error.errors(include_url=False):
            lines.append(_explain({**item, "loc": ("estimate", *tuple(item["loc"]))}))
        raise ContestError("\n".join(lines)) from error


_TABLES: dict[str, Any] = {
    "about": About,
    "candidates": Candidate,
    "frame": FileTable,
    "baseline": BaselineTable,
    "official": FileTable,
    "returns": ReturnsTable,
    "design": DesignTable,
    "estimate": EstimateTable,
    "report": ReportTable,
}


def _unknown(name: str, value: object) -> str:
    return f"unknown table [{name}]" if isinstance(value, (dict, list)) else f"unknown key '{name}' outside any table"


def _known_tables() -> list[str]:
    return ["contest" if name == "about" else name for name in _TABLES]


def _place(loc: tuple[Any, ...]) -> str:
    table = "contest" if loc[0] == "about" else str(loc[0])
    if loc[0] == "candidates" and len(loc) > 1:
        table, rest = f"[candidates]] entry {int(loc[1]) + 1}", loc[2:]
        return f"[{table}" + "".join(f", {part}" for part in rest[:1])
    return f"[{table}]" + "".join(f" {part}" for part in loc[1:2])


def _explain(item: dict[str, Any]) -> str:
    """Say one of pydantic's errors as what, where and what to do."""
    loc, kind, value = tuple(item["loc"]), item["type"], item.get("input")
    if kind in ("unexpected_keyword_argument", "extra_forbidden"):
        if len(loc) == 1:
            known: list[str] = _known_tables()
            what = _unknown(str(loc[0]), value)
        else:
            known = [name for name in _TABLES[loc[0]].__dataclass_fields__ if not name.startswith("_")]
            what = f"{_place(loc[:-1])}: unknown key '{loc[-1]}'"
        near = nearest(str(loc[-1]), known)
        return f"{what}: " + (f"did you mean '{near}'?" if near else f"known are {', '.join(known)}")
    if kind in ("missing", "missing_argument"):
        table = "contest" if loc[0] == "about" else loc[0]
        if len(loc) == 1:
            header = "[[candidates]]" if table == "candidates" else f"[{table}]"
            return f"{header} is missing: add it"
        return f"{_place(loc[:-1])}: key '{loc[-1]}' is missing: add it"
    if kind.startswith("timezone_aware") or (loc[-1] == "publish_after" and kind.startswith("datetime")):
        return f"{_place(loc)}: '{value}' has no UTC offset: write a time like 2024-11-27T15:00:00+07:00"
    message = str(item["msg"])
    if kind == "literal_error":
        allowed = [part.strip("'") for part in str(item["ctx"]["expected"]).replace(" or ", ", ").split(", ")]
        near = nearest(str(value), allowed)
        message = f"known are {', '.join(allowed)}" + (f": did you mean '{near}'?" if near else "")
    return f"{_place(loc)}: {value!r} can't be used: {message}"


def _check_candidates(contest: Contest, path: Path) -> None:
    numbers = [candidate.number for candidate in contest.candidates]
    if not numbers:
        raise ContestError(f"{path}: [[candidates]] is empty: a contest needs candidates")
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    if twice:
        raise ContestError(f"{path}: [[candidates]] number {twice[0]} stands there twice: number them as on the ballot")
    empty = sum(candidate.empty_column for candidate in contest.candidates)
    if contest.about.rule == "single-candidate":
        if len(numbers) != 2 or empty != 1:
            raise ContestError(
                f"{path}: rule 'single-candidate' needs two entries in [[candidates]], one of them with "
                f"empty_column = true; there are {len(numbers)}, {empty} of them empty columns"
            )
    elif len(numbers) < 2:
        raise ContestError(
            f"{path}: rule '{contest.about.rule}' needs two candidates or more, there is one: add the others, "
            f'or use rule = "single-candidate" with the empty column as the second'
        )
    elif empty:
        raise ContestError(f"{path}: an empty column stands only against a single candidate: rule 'single-candidate'")
