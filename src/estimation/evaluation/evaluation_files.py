"""An evaluation as files: ``evaluation.json`` (a public contract) and CSV."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from estimation.columns import AREA_LEVELS
from estimation.evaluation.compute_evaluation import Evaluation
from estimation.evaluation.error_split import PARTS
from estimation.evaluation.errors_vs_official import Coverage, ErrorVsOfficial
from estimation.evaluation.recording import Difference
from estimation.evaluation.take_errors import ComparedTake
from estimation.files import to_json, write_text
from estimation.projection.projection_files import rounded

SCHEMA = "evaluation/1"
STEPS = ("projection", "official_counts_in", "official_counts_drawn", "frame", "official")


def evaluation_document(evaluation: Evaluation) -> dict[str, object]:
    """Compose ``evaluation.json``; the same inputs give the same document."""
    e, p, official = evaluation, evaluation.projection, evaluation.official
    first, second = official.pair
    winner = official.winner
    return {
        "schema": SCHEMA,
        "contest": p.contest.about.id,
        "mode": p.contest.about.mode,
        "as_of": p.contest.local(p.as_of).isoformat() if p.as_of else None,
        "estimator": p.estimator,
        "level": p.contest.about.level,
        "sample": {"drawn": p.progress.drawn, "received": p.received, "used": p.progress.used},
        "official": {
            "stations": len(official.rows),
            "frame_stations": official.stations,
            "not_in_frame": official.outside,
            "frame_without": official.missing,
            "blank": official.blank,
            "unplaced": official.unplaced,
            "valid_votes": int(official.counts.votes.sum()),
            "leader": first.number,
            "runner_up": second.number,
            "winner": winner.number if winner else None,
        },
        "quantities": [_quantity(e, i) for i in range(len(e.quantities))],
        "split": {
            "taken_as_sent": e.split.taken_as_sent,
            "drawn_without_official": e.split.undrawn,
            "why": e.split.why or None,
        },
        "call": {
            "status": p.call.status,
            "winner": p.call.winner,
            "right": e.call_right,
            "leader_right": e.leader_right,
        },
        "areas": [
            {
                "level": area.level,
                "path": list(area.path),
                "drawn": area.drawn,
                "used": area.used,
                "stations": area.stations,
                "shares": [error_record(share) for share in area.shares],
            }
            for area in e.areas
        ],
        "coverage": [_coverage(one) for one in e.coverage],
        "takes": [_take(take, e) for take in e.takes],
        "refused": [{"take": name, "why": why} for name, why in sorted(e.refused.items())],
        "recording": {
            "compared": e.recording.compared,
            "differing": len(e.recording.stations),
            "order": e.recording.count("order"),
            "invalid_only": e.recording.count("invalid"),
            "kept_out": e.recording.kept_out,
            "kept_out_needlessly": e.recording.needless,
            "net": list(e.recording.net),
            "stations": [_difference(one) for one in e.recording.stations],
        },
        "provenance": {**p.provenance, "official_sha256": official.sha256},
    }


def error_record(error: ErrorVsOfficial) -> dict[str, object]:
    """Give an estimate, its official value, the miss, and whether the interval held."""
    values = {key: rounded(getattr(error, key)) for key in ("estimate", "se", "low", "high", "official", "miss", "z")}
    return {"name": error.name, **values, "held": error.held}


def _quantity(e: Evaluation, i: int) -> dict[str, object]:
    error = e.quantities[i]
    return {
        **error_record(error),
        "steps": {name: rounded(value) for name, value in zip(STEPS, e.split.steps[:, i], strict=True)},
        "split": {name: rounded(value) for name, value in zip(PARTS, e.split.parts[:, i], strict=True)},
        "complete": {key: value for key, value in error_record(e.at_the_end(error.name)).items() if key != "name"},
    }


def _coverage(one: Coverage) -> dict[str, object]:
    return {
        "name": one.name,
        "held": one.held,
        "judged": one.judged,
        "coverage": rounded(one.coverage),
        "low": rounded(one.low),
        "high": rounded(one.high),
    }


def _take(take: ComparedTake, e: Evaluation) -> dict[str, object]:
    after = {one.name: one.estimate for one in e.quantities}
    return {
        "take": take.name,
        "as_of": take.as_of.isoformat() if take.as_of else None,
        "drawn": take.drawn,
        "used": take.used,
        "estimator": take.estimator,
        "level": take.level,
        "call": {
            "status": take.status,
            "winner": take.winner,
            "withdrawn": take.withdrawn,
            "right": take.right,
            "leader_right": take.leader_right,
        },
        "quantities": [
            {**error_record(one), "from_evaluated": rounded(one.estimate - after[one.name])} for one in take.quantities
        ],
    }


def _difference(one: Difference) -> dict[str, object]:
    return {
        "tps_id": one.tps_id,
        "path": list(one.path),
        "tps": one.tps,
        "file": one.file,
        "line": one.line,
        "kind": one.kind,
        "sent": list(one.sent),
        "official": list(one.official),
        "invalid_sent": one.invalid[0],
        "invalid_official": one.invalid[1],
    }


def evaluation_tables(evaluation: Evaluation) -> Mapping[str, pd.DataFrame]:
    """Lay the evaluation out as tables: ``quantities``, ``areas``, ``takes``, ``recording``."""
    e, votes = evaluation, evaluation.contest.vote_columns
    quantities = [
        {
            **error_record(one),
            **{f"{part}_error": rounded(value) for part, value in zip(PARTS, e.split.parts[:, i], strict=True)},
        }
        for i, one in enumerate(e.quantities)
    ]
    areas = [
        {
            "level": area.level,
            "path": " / ".join(area.path),
            "drawn": area.drawn,
            "used": area.used,
            "stations": area.stations,
            **error_record(share),
        }
        for area in e.areas
        for share in area.shares
    ]
    takes = [
        {
            "take": take.name,
            "as_of": take.as_of.isoformat() if take.as_of else "",
            "drawn": take.drawn,
            "used": take.used,
            "estimator": take.estimator,
            "level": take.level,
            "status": take.status,
            "winner": take.winner,
            "right": take.right,
            **error_record(one),
        }
        for take in e.takes
        for one in take.quantities
    ]
    recording: list[dict[str, object]] = [
        {
            "tps_id": one.tps_id,
            **dict(zip(AREA_LEVELS, one.path, strict=True)),
            "tps": one.tps,
            "file": one.file,
            "line": one.line,
            "kind": one.kind,
            **{f"{name}_sent": value for name, value in zip(votes, one.sent, strict=True)},
            **{f"{name}_official": value for name, value in zip(votes, one.official, strict=True)},
            "invalid_sent": one.invalid[0],
            "invalid_official": one.invalid[1],
        }
        for one in e.recording.stations
    ]
    found: dict[str, list[dict[str, object]]] = {
        "quantities": quantities,
        "areas": areas,
        "takes": takes,
        "recording": recording,
    }
    return {name: pd.DataFrame(rows, dtype=object) for name, rows in found.items()}


def write_evaluation(evaluation: Evaluation, folder: Path) -> Path:
    """Write ``evaluation.json`` and the tables as CSV into a folder; returns the path of the JSON."""
    for name, table in evaluation_tables(evaluation).items():
        write_text(folder / f"evaluation-{name}.csv", table.to_csv(index=False, lineterminator="\n"))
    return write_text(folder / "evaluation.json", to_json(evaluation_document(evaluation)))
