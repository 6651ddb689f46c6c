"""Reads ``contest.toml``, and says of every mistake in it what, where and what to do."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from estimation.columns import nearest_name
from estimation.contest.possible import check_estimate
from estimation.contest.settings import (
    About,
    BaselineTable,
    BoundariesTable,
    Candidate,
    Contest,
    DesignTable,
    EstimateTable,
    FileTable,
    ReportTable,
    ReturnsTable,
)
from estimation.errors import ContestError

_NATIONAL = r"(presiden|president|pilpres|dpr|dpd|dprd|pileg|legislati(f|ve)|pemilu)(?![a-z])"  # kinds begin so
_NATIONAL_LIMITS = {"ballot_reserve": 0.02, "max_registered": 300}  # UU 7/2017, and KPU's rules of 2019 and 2024

_adapter = cache(TypeAdapter)  # made once: it takes as long as reading a frame


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
        to be released; the design can never give what ``[estimate]`` asks for.
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
    if isinstance(raw.get("about"), dict) and isinstance(raw.get("returns", {}), dict):
        national = re.match(_NATIONAL, str(raw["about"].get("kind")).strip().lower())
        raw["returns"] = (_NATIONAL_LIMITS if national else {}) | raw.get("returns", {})
    raw["folder"] = path.parent
    try:
        contest: Contest = _adapter(Contest).validate_python(raw)
    except ValidationError as error:
        lines = [_explain(dict(item)) for item in error.errors(include_url=False)]
        raise ContestError("\n".join(f"{path}: {line}" for line in lines)) from error
    _check_candidates(contest, path)
    if contest.about.mode != "live" and contest.about.release != "internal":
        raise ContestError(
            f"{path}: [contest] release = '{contest.about.release}' goes with mode = 'live' only, and this is a "
            f'{contest.about.mode}: write release = "internal", as nobody may take it for a real night'
        )
    if not (contest.out / "sample.csv").is_file():  # a drawn sample tells its method itself, when it is opened
        method = "all" if contest.returns.asked == "all" else contest.design.method
        check_estimate(contest, method, f"{path}: [estimate]")
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
        changed: EstimateTable = _adapter(EstimateTable).validate_python({**values, **changes})
    except ValidationError as error:
        lines = []
        for item in error.errors(include_url=False):
            lines.append(_explain({**item, "loc": ("estimate", *tuple(item["loc"]))}))
        raise ContestError("\n".join(lines)) from error
    return changed


_TABLES: dict[str, Any] = {
    "about": About,
    "candidates": Candidate,
    "frame": FileTable,
    "baseline": BaselineTable,
    "official": FileTable,
    "boundaries": BoundariesTable,
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
        near = nearest_name(str(loc[-1]), known)
        return f"{what}: " + (f"did you mean '{near}'?" if near else f"known are {', '.join(known)}")
    if kind in ("missing", "missing_argument"):
        table = "contest" if loc[0] == "about" else loc[0]
        if len(loc) == 1:
            header = "[[candidates]]" if table == "candidates" else f"[{table}]"
            return f"{header} is missing: add it"
        return f"{_place(loc[:-1])}: key '{loc[-1]}' is missing: add it"
    if kind.startswith("timezone_aware") or (loc[-1] == "publish_after" and kind.startswith("datetime")):
        return f"{_place(loc)}: '{value}' has no UTC offset: write a time like 2024-11-27T15:00:00+07:00"
    return f"{_place(loc)}: {value!r} can't be used: {explain_value(item)}"


def explain_value(item: Mapping[str, Any]) -> str:
    """Say why a value can't be used; where only some are known, which, and the nearest one."""
    if item["type"] != "literal_error":
        return str(item["msg"])
    allowed = [part.strip("'") for part in str(item["ctx"]["expected"]).replace(" or ", ", ").split(", ")]
    near = nearest_name(str(item.get("input")), allowed)
    return f"known are {', '.join(allowed)}" + (f": did you mean '{near}'?" if near else "")


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
