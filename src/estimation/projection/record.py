"""``projection.json`` and ``take.json`` as typed records: their one definition, published as JSON Schema.

What writes these files fills the records, and what reads them gets the records back; the committed JSON Schemas are
made from them by ``tools/write_schemas.py``.
"""

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Protocol, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from estimation.contest import Mode, share_name
from estimation.decision import Call, Status
from estimation.errors import EstimateError
from estimation.survey import Estimate

SCHEMA: Literal["projection/1"] = "projection/1"
TAKE_SCHEMA: Literal["take/1"] = "take/1"

Count = Annotated[int, Field(ge=0)]
Candidate = Annotated[int, Field(ge=1, description="A candidate's number on the ballot.")]
Text = Annotated[str, Field(min_length=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Number = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)] | None
Difference = Annotated[float, Field(ge=-1, le=1)] | None
Size = Annotated[float, Field(ge=0, allow_inf_nan=False)] | None
Moment = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?[+-]\d{2}:\d{2}$")]


# what the validator of a ProjectionRecord says, for those who read the JSON Schema
_INSUFFICIENT: dict[str, Any] = {
    "if": {"properties": {"call": {"properties": {"status": {"const": "insufficient"}}}}},
    "then": {
        "properties": {
            "call": {"properties": {"winner": {"type": "null"}}},
            "covariance": {"type": "null"},
            "shares": {"items": {"properties": {"estimate": {"type": "null"}, "df": {"type": "null"}}}},
        }
    },
    "else": {
        "properties": {
            "call": {"properties": {"winner": {"type": "integer"}}},
            "covariance": {"type": "array"},
            "shares": {"items": {"properties": {"estimate": {"type": "number"}, "df": {"type": "number"}}}},
        }
    },
}


class Record(BaseModel):
    """Base of what stands in a file: closed, strict, never changed."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, serialize_by_alias=True, validate_by_name=True, validate_by_alias=True
    )

    def document(self) -> dict[str, Any]:
        """Give it as JSON has it, in the contract's order."""
        return self.model_dump(exclude_unset=True)


class _HasInterval(Protocol):
    @property
    def estimate(self) -> float | None: ...
    @property
    def se(self) -> float | None: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...


def values_of(quantity: _HasInterval) -> tuple[float, float, float, float]:
    """Give estimate, standard error, low and high as numbers; NaN where there is none."""
    estimate, se, low, high = (
        math.nan if value is None else value for value in (quantity.estimate, quantity.se, quantity.low, quantity.high)
    )
    return estimate, se, low, high


class QuantityRecord(Record):
    """An estimate with its standard error and interval; null for what can't be computed."""

    estimate: Share
    se: Size
    low: Share
    high: Share


class ShareRecord(Record):
    """A candidate's share of the valid votes."""

    number: Candidate
    name: Text
    estimate: Share
    se: Size
    low: Share
    high: Share
    df: Annotated[int | float, Field(ge=0, description="Degrees of freedom of the variance.")] | None
    deff_stations: Annotated[Size, Field(description="Variance over that of as many stations drawn simply.")]
    deff_persons: Annotated[Size, Field(description="Variance over that of as many voters drawn simply.")]


class LeadRecord(Record):
    """The lead of the first over the second."""

    leader: Candidate | None
    runner_up: Candidate | None
    estimate: Share
    se: Size
    low: Difference
    high: Difference


class AreaShareRecord(Record):
    """A candidate's share in an area."""

    number: Candidate
    estimate: Share
    se: Size
    low: Share
    high: Share


class MethodShareRecord(Record):
    """A candidate's share by one estimator."""

    number: Candidate
    estimate: Share
    low: Share
    high: Share


class MethodRecord(Record):
    """The shares by one estimator."""

    estimator: Text
    shares: Annotated[list[MethodShareRecord], Field(min_length=2)]


class PopulationRecord(Record):
    """The frame."""

    stations: Annotated[int, Field(ge=1)]
    registered: Annotated[Count, Field(description="Voters of the stations whose roll is known.")]


class SampleRecord(Record):
    """The sample, and what is in of it."""

    drawn: Annotated[int, Field(ge=1)]
    received: Annotated[Count, Field(description="Stations with a return, used or kept out.")]
    used: Count


class CallRecord(Record):
    """The verdict."""

    status: Status
    winner: Candidate | None
    withdrawn: Annotated[
        bool, Field(description="An earlier take had called somebody, and this one does not support it.")
    ]
    earlier: Annotated[Candidate | None, Field(description="Who had been called at an earlier take.")]
    reasons: Annotated[list[Text], Field(min_length=1)]


class RemainingRecord(Record):
    """What the stations of the sample that are out would have to do for the lead to vanish."""

    out: Annotated[Count, Field(description="Stations still out.")]
    leader: Candidate
    rival: Annotated[Candidate | None, Field(description="Null where the decision line is a threshold.")]
    lead: Annotated[Number | None, Field(description="Expanded votes ahead in what is in.")]
    remaining: Annotated[Size, Field(description="Expanded votes to be expected from what is out.")]
    needed: Annotated[Number | None, Field(description="Part of them that would draw level; outside 0 to 1 none does.")]
    now: Annotated[Share, Field(description="That part in what is in.")]
    drift: Annotated[
        Size, Field(description="Standard deviations within strata by which what is out would have to differ.")
    ]
    decided: Annotated[bool, Field(description="All are asked, and no count of the rest can change the winner.")]
    text: list[Text]


class AreaRecord(Record):
    """The result in one area."""

    level: Literal["province", "regency", "district", "village"]
    path: Annotated[list[Text], Field(min_length=1, max_length=4, description="From the province down.")]
    received: Count
    used: Count
    drawn: Annotated[int, Field(ge=1)]
    shares: Annotated[list[AreaShareRecord], Field(min_length=2)]


class QualityRecord(Record):
    """The returns of the stations asked, counted by what became of them; all but the first are stations."""

    returns: Annotated[Count, Field(description="Rows received.")]
    stations: Count
    used: Count
    kept_out: Count
    corrected: Annotated[Count, Field(description="One source sent it again, and changed it.")]
    repeated: Annotated[Count, Field(description="One source sent it again, the same.")]
    conflicting: Annotated[Count, Field(description="Sources disagree, and none is verified.")]
    rejected: Count
    verified: Count


class HalfRecord(Record):
    """One half of the stations in a comparison of what is in."""

    drawn: Count | None
    used: Count
    share: Share
    low: Share
    high: Share


class ArrivalRecord(Record):
    """Whether what is in is unlike what is out, by one thing that is known of the stations."""

    by: Literal["time", "size", "distance"]
    passed: Annotated[bool | None, Field(description="null where nothing can be said.")]
    cut: Annotated[Number | None, Field(description="Seconds since 1970, voters, kilometres.")]
    within: Annotated[Difference, Field(description="Second half less first, in the same stratum.")]
    low: Difference
    high: Difference
    shift: Annotated[Number | None, Field(description="What it could move the share by.")]
    halves: Annotated[list[HalfRecord], Field(max_length=2)]


class WarningRecord(Record):
    """What a reader must know."""

    code: Annotated[str, Field(pattern=r"^W\d{3}$")]
    text: Text


class ProvenanceRecord(Record):
    """What the numbers were made from."""

    frame_sha256: Sha256
    baseline_sha256: Annotated[
        Sha256,
        Field(
            default="",
            description="Of the earlier election whose shares are auxiliaries; not there where the contest has none.",
        ),
    ]
    sample_sha256: Annotated[Sha256 | None, Field(description="null where every station is asked.")]
    returns_sha256: Sha256
    seed: Annotated[str | None, Field(description="Of the draw; null where no manifest names it.")]
    version: Text
    previous_sha256: Annotated[
        Sha256,
        Field(default="", description="Of the take before, where a call is followed from take to take."),
    ]


class ProjectionRecord(Record):
    """One projection of one contest at one moment.

    Shares lie in [0, 1], floats have at most 9 decimals, and null stands for what can't be computed.
    """

    model_config = ConfigDict(title="projection/1", json_schema_extra=_INSUFFICIENT)

    schema_: Annotated[Literal["projection/1"], Field(alias="schema")]
    contest: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    mode: Mode
    as_of: Annotated[
        Moment | None,
        Field(description="On the contest's clock, with its UTC offset; null where no return carries a time."),
    ]
    population: PopulationRecord
    sample: SampleRecord
    estimator: Text
    level: Annotated[float, Field(gt=0, lt=1)]
    shares: Annotated[list[ShareRecord], Field(min_length=2, description="Every candidate, in the ballot's order.")]
    lead: LeadRecord
    turnout: Annotated[QuantityRecord, Field(description="Ballots over registered voters.")]
    invalid: Annotated[QuantityRecord, Field(description="Invalid votes over ballots.")]
    covariance: Annotated[
        list[Annotated[list[Number], Field(min_length=2)]] | None,
        Field(min_length=2, description="Of the shares, in their order."),
    ]
    methods: Annotated[
        list[MethodRecord], Field(min_length=1, description="The same shares by every estimator that was run.")
    ]
    call: CallRecord
    remaining: RemainingRecord | None
    areas: list[AreaRecord]
    quality: QualityRecord | None = None
    arrival: list[ArrivalRecord] = []
    warnings: list[WarningRecord]
    provenance: ProvenanceRecord

    @property
    def moment(self) -> datetime | None:
        """Its moment, with its UTC offset; None where no return carries a time."""
        return datetime.fromisoformat(self.as_of) if self.as_of else None

    @property
    def numbers(self) -> list[int]:
        """The candidates' numbers, in the ballot's order."""
        return [share.number for share in self.shares]

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        """Hold the verdict against what is estimated: a call that nobody could have made is refused."""
        call, nothing = self.call, self.call.status == "insufficient"
        estimated = [share.estimate is not None and share.df is not None for share in self.shares]
        if any(estimated) is nothing or not (all(estimated) or not any(estimated)):
            raise ValueError(f"call is '{call.status}', which does not fit the shares that are estimated")
        if (self.covariance is None) is not nothing:
            raise ValueError(f"call is '{call.status}', which does not fit the covariance")
        if (call.winner is None) is not nothing or not {call.winner, call.earlier} <= {None, *self.numbers}:
            raise ValueError("call names a candidate who does not stand among the shares, or nobody")
        if call.withdrawn and call.earlier is None:
            raise ValueError("call is withdrawn, and nobody had been called")
        return self

    def verdict(self) -> Call:
        """Give the verdict as the next take must know it."""
        return Call(self.call.status, self.call.winner, (), self.call.withdrawn, self.call.earlier)

    def lead_of(self, first: int, second: int) -> tuple[float, float, float, float]:
        """Give the lead of one candidate over another: estimate, standard error, low, high; NaN where unknown.

        Where these two were ahead, in this order or the other, it is the record's own interval; where others were,
        Student's interval from the shares and their covariance.

        Parameters
        ----------
        first, second : int
            The candidates' numbers.
        """
        lead = self.lead
        if (lead.leader, lead.runner_up) == (first, second):
            return values_of(lead)
        if (lead.leader, lead.runner_up) == (second, first):
            estimate, se, low, high = values_of(lead)
            return -estimate, se, -high, -low
        if self.covariance is None:
            return math.nan, math.nan, math.nan, math.nan
        shares = Estimate(
            tuple(share_name(number) for number in self.numbers),
            np.array([share.estimate for share in self.shares], dtype=np.float64),
            np.array(self.covariance, dtype=np.float64),
            np.array([share.df for share in self.shares], dtype=np.float64),
            np.tile([0.0, 1.0], (len(self.shares), 1)),
            kind="t",
        )
        contrast = shares.contrast({share_name(first): 1.0, share_name(second): -1.0}, "lead")
        bounds = contrast.interval(self.level)
        return float(contrast.theta[0]), float(contrast.se[0]), float(bounds.low[0]), float(bounds.high[0])


class TakeRecord(Record):
    """What stands beside a take's ``projection.json``: its place in the night, and what it was made from."""

    model_config = ConfigDict(title="take/1")

    schema_: Annotated[Literal["take/1"], Field(alias="schema")]
    number: Annotated[int, Field(ge=1, description="In the order of writing.")]
    written_at: Annotated[Moment, Field(description="When, with a UTC offset.")]
    projection_sha256: Annotated[Sha256, Field(description="Of the projection.json beside it, as it was written.")]
    inputs: Annotated[
        dict[str, str],
        Field(description="SHA-256 of the files it was made from, by name; blank for one that is not there."),
    ]
    ledger: Annotated[str, Field(description="The end of the ledger's chain; blank without a ledger.")]
    step: Annotated[Count | None, Field(description="How many of the planned takes it completes; null without a plan.")]
    previous: Annotated[str | None, Field(description="The take whose verdict it remembers.")]
    recorded_by: Annotated[
        str, Field(description="The moment up to which the ledger held what it was made from; blank without a ledger.")
    ]


RECORDS: Mapping[str, type[Record]] = {SCHEMA: ProjectionRecord, TAKE_SCHEMA: TakeRecord}


def parse(kind: type[Record], content: bytes, name: str) -> Any:
    """Read a record from JSON.

    Raises
    ------
    EstimateError
        It is no JSON, or breaks the schema `name`; the message says where.
    """
    try:
        raw = json.loads(content)
    except ValueError as error:
        raise EstimateError(f"it can't be read: {error}") from error
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = "/".join(str(part) for part in first["loc"]) or "the whole"
        raise EstimateError(f"it breaks the schema {name} at {place}: {first['msg']}") from error


def json_schema(name: str) -> dict[str, Any]:
    """Give the JSON Schema of a record, ``projection/1`` or ``take/1``."""
    schema = RECORDS[name].model_json_schema(by_alias=True)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{name.replace('/', '-')}.schema.json"}
    return head | schema
