"""A projection as files: ``projection.json`` (a public contract) and CSV."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from estimation.contest import INVALID, TURNOUT
from estimation.decision import leader_and_runner_up
from estimation.files import to_json, write_text
from estimation.projection.areas import AreaResult
from estimation.projection.arrivals import Halves, compare_halves
from estimation.projection.compute_projection import Projection
from estimation.projection.officers import roster
from estimation.projection.record import SCHEMA, ProjectionRecord
from estimation.rules import FINDING_COLUMNS
from estimation.survey import Estimate

PROJECTION = "projection.json"
PROJECTIONS = "projections"  # in a contest's out: what was projected by hand


def rounded(value: float) -> float | None:
    """Round to the contract's 9 decimals; null for what is not a finite number."""
    return round(float(value), 9) + 0.0 if math.isfinite(value) else None


def _whole(value: float) -> int | float | None:
    """Give degrees of freedom: a whole number where they are one."""
    return int(value) if float(value).is_integer() else rounded(value)


def quantity_records(estimate: Estimate | None, names: Sequence[str], level: float) -> list[dict[str, float | None]]:
    """Give estimate, se, low and high of some quantities; all null for one that was not estimated."""
    blank = dict.fromkeys(("estimate", "se", "low", "high"))
    if estimate is None:
        return [dict(blank) for _ in names]
    bounds = estimate.interval(level)  # of all at once: asked for one by one, it takes longer than the estimate
    columns = {"estimate": estimate.theta, "se": estimate.se, "low": bounds.low, "high": bounds.high}
    place = {name: i for i, name in enumerate(estimate.names)}
    return [
        {key: rounded(values[place[name]]) for key, values in columns.items()} if name in place else dict(blank)
        for name in names
    ]


def projection_document(projection: Projection) -> dict[str, Any]:
    """Compose ``projection.json``; the same inputs give the same document."""
    return record_of(projection).document()


def record_of(projection: Projection) -> ProjectionRecord:
    """Fill the record that ``projection.json`` holds; the same inputs give the same record."""
    return _record(projection, _shares_of(projection))


@dataclass(frozen=True, slots=True)
class _Shares:
    """What the JSON and the tables both say, worked out once.

    Attributes
    ----------
    estimate : Estimate or None
        Of the shares alone.
    whole : list of dict
        By candidate, over all stations.
    areas : list of list of dict
        By area and candidate: estimate, se, low and high.
    """

    estimate: Estimate | None
    whole: list[dict[str, object]]
    areas: list[list[dict[str, float | None]]]


def _shares_of(p: Projection) -> _Shares:
    names = [f"share:{candidate.number}" for candidate in p.contest.candidates]
    shares = p.estimate.select(names) if p.estimate else None
    areas = [quantity_records(area.estimate, names, p.contest.about.level) for area in p.areas]
    return _Shares(shares, _shares(p, shares), areas)


def _record(p: Projection, known: _Shares) -> ProjectionRecord:
    level, shares = p.contest.about.level, known.estimate
    numbers = [candidate.number for candidate in p.contest.candidates]
    turnout, invalid = quantity_records(p.estimate, (TURNOUT, INVALID), level)
    fields: dict[str, Any] = {
        "schema": SCHEMA,
        "contest": p.contest.about.id,
        "mode": p.contest.about.mode,
        "as_of": p.contest.local(p.as_of).isoformat() if p.as_of else None,
        "population": {"stations": p.stations, "registered": p.registered},
        "sample": {"drawn": p.progress.drawn, "received": p.received, "used": p.progress.used},
        "estimator": p.estimator,
        "level": level,
        "shares": known.whole,
        "lead": _lead(p),
        "turnout": turnout,
        "invalid": invalid,
        "covariance": [[rounded(v) for v in row] for row in shares.cov] if shares else None,
        "methods": [_method(name, estimate, numbers, level) for name, estimate in _methods(p)],
        "call": {
            "status": p.call.status,
            "winner": p.call.winner,
            "withdrawn": p.call.withdrawn,
            "earlier": p.call.earlier,
            "reasons": [reason.text for reason in p.call.reasons],
        },
        "remaining": _remaining(p),
        "areas": [_area(*pair, numbers) for pair in zip(p.areas, known.areas, strict=True)],
        "quality": asdict(p.quality),
        "arrival": [_split(split) for split in compare_halves(p)],
        "warnings": [{"code": notice.code, "text": notice.text} for notice in p.notices],
        "provenance": dict(p.provenance),
    }
    return ProjectionRecord.model_validate(fields)


def _shares(p: Projection, shares: Estimate | None) -> list[dict[str, object]]:
    values = quantity_records(shares, [f"share:{c.number}" for c in p.contest.candidates], p.contest.about.level)
    return [
        {
            "number": candidate.number,
            "name": candidate.name,
            **values[i],
            "df": _whole(np.broadcast_to(shares.df, shares.theta.shape)[i]) if shares else None,
            "deff_stations": rounded(p.deff_stations[i]),
            "deff_persons": rounded(p.deff_persons[i]),
        }
        for i, candidate in enumerate(p.contest.candidates)
    ]


def _methods(p: Projection) -> list[tuple[str, Estimate | None]]:
    """Give every method by name, the one that counts first."""
    return [(p.estimator, p.estimate), *p.others.items()]


def _method(name: str, estimate: Estimate | None, numbers: list[int], level: float) -> dict[str, object]:
    records = quantity_records(estimate, [f"share:{n}" for n in numbers], level)
    shares = [
        {"number": n, **{key: values[key] for key in ("estimate", "low", "high")}}
        for n, values in zip(numbers, records, strict=True)
    ]
    return {"estimator": name, "shares": shares}


def _lead(p: Projection) -> dict[str, object]:
    (values,) = quantity_records(p.lead, ["lead"], p.contest.about.level)
    if p.estimate is None:
        return {"leader": None, "runner_up": None, **values}
    first, second = leader_and_runner_up(p.contest, p.estimate.theta)
    return {"leader": first.number, "runner_up": second.number, **values}


def _remaining(p: Projection) -> dict[str, object] | None:
    """Say what the stations that are out would have to do for the lead to vanish."""
    r = p.remaining
    if r is None:
        return None
    values = {name: rounded(getattr(r, name)) for name in ("lead", "remaining", "needed", "now", "drift")}
    return {
        "out": r.out,
        "leader": r.leader,
        "rival": r.rival,
        **values,
        "decided": r.decided,
        "text": [notice.text for notice in r.notices(p.contest)],
    }


def _area(area: AreaResult, shares: list[dict[str, float | None]], numbers: list[int]) -> dict[str, object]:
    return {
        "level": area.level,
        "path": list(area.path),
        "received": area.received,
        "used": area.used,
        "drawn": area.drawn,
        "shares": [{"number": n, **values} for n, values in zip(numbers, shares, strict=True)],
    }


def _split(split: Halves) -> dict[str, object]:
    """Say how the halves of the stations differ; null where they could not be compared."""
    halves = [
        {
            "drawn": half.drawn,
            "used": half.used,
            "share": rounded(half.share),
            "low": rounded(half.low),
            "high": rounded(half.high),
        }
        for half in split.halves
    ]
    values = {name: rounded(getattr(split, name)) for name in ("cut", "within", "low", "high", "shift")}
    return {"by": split.name, "passed": split.passed, **values, "halves": halves}


def projection_tables(projection: Projection) -> Mapping[str, pd.DataFrame]:
    """Lay the projection out as tables: ``shares``, ``areas``, ``officers``, ``findings``.

    Officers are named in an internal contest only; else ``officers`` is by village.
    """
    rows = _rows(projection, _shares_of(projection))
    return {name: pd.DataFrame(listed) for name, listed in rows.items()} | {"findings": projection.findings.table}


def _rows(p: Projection, known: _Shares) -> dict[str, list[dict[str, object]]]:
    """Give the rows of every table but the findings'."""
    areas: list[dict[str, object]] = [
        {
            "level": area.level,
            "path": " / ".join(area.path),
            "drawn": area.drawn,
            "received": area.received,
            "used": area.used,
            "number": candidate.number,
            "votes": int(area.votes[i]),
            **values,
        }
        for area, shares in zip(p.areas, known.areas, strict=True)
        for i, (candidate, values) in enumerate(zip(p.contest.candidates, shares, strict=True))
    ]
    officers = roster(p, named=p.contest.about.release == "internal")
    owed: list[dict[str, object]] = [
        {
            "by": officers.by,
            "officer": d.officer,
            "path": " / ".join(d.area),
            "drawn": d.drawn,
            "used": d.used,
            "kept_out": d.kept_out,
        }
        for d in officers.duties
    ]
    return {"shares": known.whole, "areas": areas, "officers": owed}


def _csv(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Write rows as CSV, as pandas does, which takes ten times as long for a small table.

    A column with a fraction, or with a number missing, is one of fractions: 3 is 3.0 there.
    """
    by_column = list(zip(*rows, strict=True)) or [()] * len(columns)
    for j, values in enumerate(by_column):
        kinds = set(map(type, values))
        if int in kinds and kinds & {float, type(None)}:
            by_column[j] = tuple(float(value) if isinstance(value, int) else value for value in values)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *zip(*by_column, strict=True)])
    return text.getvalue()


def folder_name(projection: Projection) -> str:
    """Name the folder of a projection by its moment on the contest's clock, ``20241127T183000+0700``."""
    if projection.as_of is None:
        return "untimed"
    return projection.contest.local(projection.as_of).strftime("%Y%m%dT%H%M%S%z")


def write_projection(projection: Projection, folder: Path | None = None) -> Path:
    """Write ``projection.json`` and the tables as CSV; returns the path of the JSON.

    Parameters
    ----------
    folder : pathlib.Path, optional
        ``out/projections/<moment>`` by default, so that what a person asks for never lies among the takes of a watch;
        where other numbers of that moment stand there, ``<moment>-002``.
    """
    files = file_texts(projection)
    if folder is None:
        folder = projection.contest.out / PROJECTIONS / folder_name(projection)
        if (folder / PROJECTION).is_file() and (folder / PROJECTION).read_text(encoding="utf-8") != files[PROJECTION]:
            folder = free_folder(folder)
    for name, text in files.items():
        write_text(folder / name, text)
    return folder / PROJECTION


def file_texts(projection: Projection) -> dict[str, str]:
    """Give the text of every file that a projection is written to, by name; ``projection.json`` is the last."""
    known = _shares_of(projection)
    rows = _rows(projection, known)
    files = {
        f"{name}.csv": _csv(list(listed[0]) if listed else (), [list(row.values()) for row in listed])
        for name, listed in rows.items()
    }
    return {
        **files,
        "findings.csv": _csv(FINDING_COLUMNS, projection.findings.places()),
        PROJECTION: to_json(_record(projection, known).document()),
    }


def free_folder(folder: Path) -> Path:
    """Give the first name that is free: ``<folder>``, ``<folder>-002``, ``<folder>-003`` and so on."""
    path, count = folder, 1
    while path.exists():
        count += 1
        path = folder.with_name(f"{folder.name}-{count:03d}")
    return path
