"""What is asked of a projection: every option once, for the command, notebooks, Python and provenance alike."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from estimation.contest.load import estimate_table, explain_value
from estimation.contest.settings import Contest, EstimatorName, IntervalName, VarianceName
from estimation.errors import EstimateError

CHANGES = ("estimator", "variance", "interval")  # of [estimate], that have an option of their own
FILES = ("sample", "returns", "previous")


class ProjectionRequest(BaseModel):
    """What a projection is asked for in place of the contest's own; None is *not given*, everywhere.

    The command's options, a notebook's parameters and the options that a page's provenance names are made from these
    fields; their texts are ``option.<name>`` in the table of words.

    Attributes
    ----------
    sample : pathlib.Path or None
        The sample; ``out/sample.csv`` by default.
    returns : pathlib.Path or None
        A file or folder of returns; the ledger or ``[returns] path`` by default.
    as_of : datetime or None
        Look only at what had been received by then; with a UTC offset.
    recorded_by : datetime or None
        Look only at what the ledger held then, whatever was entered later; with a UTC offset.
    estimator, variance, interval : str or None
        As in ``[estimate]``.
    level : float or None
        Confidence level of the displayed intervals, in 0 … 1.
    where : str or None
        An area, ``regency=SITUBONDO``.
    previous : pathlib.Path or None
        ``projection.json`` of the take before: a call that stood there and is no longer supported is withdrawn.
    estimate : mapping or None
        Any other keys of ``[estimate]``, as ``{"delta": 0.0}``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sample: Path | None = None
    returns: Path | None = None
    as_of: AwareDatetime | None = None
    recorded_by: AwareDatetime | None = None
    estimator: EstimatorName | None = None
    variance: VarianceName | None = None
    interval: IntervalName | None = None
    level: Annotated[float, Field(gt=0, lt=1)] | None = None
    where: Annotated[str, Field(min_length=1)] | None = None
    previous: Path | None = None
    estimate: Mapping[str, Any] | None = None

    @field_validator("as_of", "recorded_by", mode="before")
    @classmethod
    def _is_moment(cls, value: object) -> object:
        """Read ISO 8601 text; numbers are no moments."""
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError as error:
                raise ValueError("is no time: write it like 2024-11-27T18:30:00+07:00") from error
        if isinstance(value, datetime) and value.tzinfo is None:
            raise ValueError("has no UTC offset: write it like 2024-11-27T18:30:00+07:00")
        return value

    @classmethod
    def of(cls, **options: object) -> Self:
        """Make a request of arguments as a person writes them; see the attributes.

        Raises
        ------
        EstimateError
            An argument is unknown or its value can't be used; the message names it and what is allowed.
        """
        try:
            return cls.model_validate(options)
        except ValidationError as error:
            lines = [_explain(dict(item)) for item in error.errors(include_url=False)]
            raise EstimateError("\n".join(lines)) from error

    @property
    def changes(self) -> dict[str, Any]:
        """Keys of ``[estimate]`` that are asked for in place of the contest's."""
        named = {name: getattr(self, name) for name in CHANGES if getattr(self, name) is not None}
        return {**(self.estimate or {}), **named}

    def applied_to(self, contest: Contest) -> Contest:
        """Give the contest with the level and the keys of ``[estimate]`` that are asked for.

        Raises
        ------
        ContestError
            A key of ``estimate`` is unknown, or its value can't be used.
        """
        if self.level is not None:
            contest = replace(contest, about=replace(contest.about, level=self.level))
        if self.changes:
            contest = replace(contest, estimate=estimate_table(contest.estimate, self.changes))
        return contest

    def options(self, contest: Contest) -> dict[str, str]:
        """Give what was asked for as the command takes it, ``{"level": "0.9"}``.

        Files are named from the contest's folder, those elsewhere by their name alone.
        """
        files = {name: getattr(self, name) for name in FILES}
        return {
            **{name: _relative(contest, path) for name, path in files.items() if path is not None},
            **{name: value if isinstance(value, str) else json.dumps(value) for name, value in self.changes.items()},
            **({} if self.recorded_by is None else {"recorded-by": contest.local(self.recorded_by).isoformat()}),
            **({} if self.level is None else {"level": f"{self.level:g}"}),
            **({} if self.where is None else {"where": self.where}),
        }

    def parameters(self) -> dict[str, object]:
        """Give what was asked for as parameters of the projection notebook: text, numbers and None."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {
            name: value.isoformat() if isinstance(value, datetime) else str(value) if isinstance(value, Path) else value
            for name, value in values.items()
            if value is not None
        }


def _relative(contest: Contest, path: Path) -> str:
    """Name a file from the contest's folder, or by its name alone where it lies elsewhere."""
    path, folder = path.resolve(), contest.folder.resolve()
    return f"{contest.about.id}/{path.relative_to(folder).as_posix()}" if path.is_relative_to(folder) else path.name


def _explain(item: dict[str, Any]) -> str:
    """Say one of pydantic's errors by the argument, its value and what is allowed."""
    name, value = str(item["loc"][0]), item.get("input")
    if item["type"] == "extra_forbidden":
        return f"{name}: there is no such argument; known are {', '.join(ProjectionRequest.model_fields)}"
    if item["type"] == "value_error":
        return f"{name} '{value}' {item['ctx']['error']}"
    return f"{name} = {value!r} can't be used: {explain_value(item)}"
