"""Grades a rehearsed night: what was caught, what slipped through, and how far the projection was off."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from estimation.arrays import BoolArray, IntArray
from estimation.contest import TURNOUT, Contest
from estimation.decision import leader_and_runner_up
from estimation.errors import EstimationError
from estimation.files import to_json, write_text
from estimation.night.folder import KEPT
from estimation.projection import Projection, open_sample, project_contest
from estimation.projection.projection_files import rounded
from estimation.simulation.faults import KINDS
from estimation.simulation.population import NOTHING, Population, open_population

OUTCOMES = ("quarantined", "listed", "slipped", "harmless", "unsent")
SCHEMA = "rehearsal/1"


@dataclass(frozen=True, slots=True, eq=False)
class Grade:
    """A graded night.

    Attributes
    ----------
    contest : Contest
    plan : mapping
        ``plan.json`` of the rehearsal.
    faults : pandas.DataFrame
        Its log, with ``found`` (the codes that the fault was listed under) and ``outcome``: ``quarantined`` (kept
        out and listed), ``listed`` (used, with a warning at its place; of a silent station: known to be missing),
        ``slipped`` (the station counts with other numbers than its own, or is lost, and nobody is told),
        ``harmless`` (it counts as it should), ``unsent``.
    false_alarms : pandas.DataFrame
        Right returns that were kept out: ``code``, ``file``, ``line``, ``tps_id``.
    wrong : int
        Stations that are used with other numbers than their own.
    quantities : pandas.DataFrame
        One row each of ``share:<number>``, ``lead``, ``turnout``: ``truth``, ``estimate``, ``low``, ``high``,
        ``inside``, ``miss`` (estimate less truth), ``clean`` (the estimate of the same night without faults),
        ``effect`` (of the faults: estimate less clean).
    projection, clean : Projection
        At the end, with the faults and without them.
    winner : int
        The candidate who won.
    """

    contest: Contest
    plan: Mapping[str, object]
    faults: pd.DataFrame
    false_alarms: pd.DataFrame
    wrong: int
    quantities: pd.DataFrame
    projection: Projection
    clean: Projection
    winner: int

    @property
    def missed(self) -> pd.DataFrame:
        """Faults that a rule could see and that were neither kept out nor listed."""
        caught = self.faults["outcome"].isin(["quarantined", "listed", "unsent"])
        return self.faults[(self.faults["rules"] != "") & ~caught]


def grade(contest: Contest, as_of: datetime | None = None) -> Grade:
    """Grade a rehearsal that was played.

    Parameters
    ----------
    contest : Contest
        Of the rehearsal's folder.
    as_of : datetime, optional
        Grade what had come in by then; the whole night by default.

    Raises
    ------
    EstimationError
        The folder holds no rehearsal, or nothing of it was played yet.
    """
    kept = contest.out / KEPT
    if contest.about.mode != "rehearsal" or not (kept / "faults.csv").is_file():
        raise EstimationError(
            f"{contest.folder}: no rehearsal was played here: make one with 'quickcount rehearse CONTEST --to FOLDER'"
        )
    plan = json.loads((kept / "plan.json").read_text(encoding="utf-8"))
    text = dict.fromkeys(("kind", "tps_id", "what", "rules", "file", "at"), str)
    log = pd.read_csv(kept / "faults.csv", dtype=text, keep_default_na=False)
    projection = project_contest(contest, as_of=as_of)
    clean = project_contest(contest, returns=kept / "clean.csv", as_of=as_of)
    frame, sample, _ = open_sample(contest, None, None)
    population = open_population(contest, frame.where)
    stations = frame.table["tps_id"].iloc[sample.rows]
    rows = population.frame.rows_of(stations)
    right = _right(projection, population, rows)
    state = pd.DataFrame(
        {"right": right, "in": projection.counts.seen | projection.counts.kept_out}, index=pd.Index(stations)
    )
    inbox = contest.folder / contest.returns.path
    sent = log["file"].map(lambda file: file == "" or (inbox / file).is_file()).to_numpy(dtype=np.bool_)
    if as_of is not None:
        at = pd.to_datetime(log["at"].replace("", None), utc=True, format="ISO8601")
        sent = sent & ~(at > as_of).to_numpy(dtype=np.bool_)
    faults = _outcomes(log, sent, state, projection, clean)
    return Grade(
        contest=contest,
        plan=plan,
        faults=faults,
        false_alarms=_false_alarms(projection, log),
        wrong=int((projection.counts.seen & ~right).sum()),
        quantities=_quantities(projection, clean, population),
        projection=projection,
        clean=clean,
        winner=contest.candidates[int(population.order[0])].number,
    )


def _right(projection: Projection, population: Population, rows: IntArray) -> BoolArray:
    """Tell which stations are used with their own numbers, shape (n,)."""
    used, true = projection.counts, population.counts
    ballots = np.maximum(true.ballots, true.valid)[rows]
    same = (used.votes == true.votes[rows]).all(axis=-1) & (used.ballots == ballots)
    return np.asarray(used.seen & same)


def _outcomes(
    log: pd.DataFrame, sent: BoolArray, state: pd.DataFrame, projection: Projection, clean: Projection
) -> pd.DataFrame:
    places: dict[tuple[str, int], set[str]] = {}
    for place in projection.findings.places():
        places.setdefault((place.file, place.line if place.code != "E214" else 0), set()).add(place.code)
    anyway: dict[str, set[str]] = {}
    for place in clean.findings.places():
        anyway.setdefault(place.tps_id, set()).add(place.code)
    found, outcomes = [], []
    for entry, was_sent in zip(log.to_dict("records"), sent, strict=True):
        file, station = entry["file"], state.loc[entry["tps_id"]]
        here = places.get((file, entry["line"]), set()) | places.get((file, 0), set())
        new = sorted(here - anyway.get(entry["tps_id"], set()))
        if entry["kind"] == "silent":
            new = [] if station["in"] else ["W304"]
        found.append(" ".join(new))
        outcomes.append(_outcome(entry["kind"], new, bool(station["right"])) if was_sent else "unsent")
    return log.assign(found=found, outcome=outcomes)


def _outcome(kind: str, found: list[str], right: bool) -> str:
    if any(code.startswith("E") for code in found):
        return "quarantined"
    if found and not KINDS[kind].harmless:
        return "listed"
    return "harmless" if right else "slipped"


def _false_alarms(projection: Projection, log: pd.DataFrame) -> pd.DataFrame:
    """List the errors that were found where nothing is wrong."""
    faulty = log[~log["kind"].isin([kind for kind in KINDS if KINDS[kind].harmless])]
    spoiled = set(zip(faulty["file"], faulty["line"].astype(int), strict=True))
    errors = projection.findings.errors.table
    known = [
        (str(file), int(line)) in spoiled or (code == "E214" and str(file) in set(faulty["file"]))
        for code, file, line in zip(errors["code"], errors["file"], errors["line"], strict=True)
    ]
    alarms = errors[~np.array(known, dtype=np.bool_)]
    return alarms[["code", "file", "line", "tps_id"]].reset_index(drop=True)


def _quantities(projection: Projection, clean: Projection, population: Population) -> pd.DataFrame:
    """Hold the projection, and that of the clean night, against the truth."""
    contest, counts = projection.contest, population.counts
    truth = dict(zip(population.names[:-1], population.shares, strict=True))
    known = np.isfinite(counts.registered)
    truth[TURNOUT] = counts.ballots[known].sum() / counts.registered[known].sum() if known.any() else np.nan
    lead = {"lead": projection.lead}
    if projection.estimate is not None:
        first, second = leader_and_runner_up(contest, projection.estimate.theta)
        truth["lead"] = truth[f"share:{first.number}"] - truth[f"share:{second.number}"]
    rows = []
    for name, true in truth.items():
        estimate, low, high = np.nan, np.nan, np.nan
        source = lead.get(name, projection.estimate)
        if source is not None and name in source.names:
            i = source.index(name)
            bounds = source.interval(contest.about.level)
            estimate, low, high = float(source.theta[i]), float(bounds.low[i]), float(bounds.high[i])
        without = np.nan
        if clean.estimate is not None and name == "lead":
            without = clean.estimate.theta[clean.estimate.index(f"share:{first.number}")]
            without -= clean.estimate.theta[clean.estimate.index(f"share:{second.number}")]
        elif clean.estimate is not None and name in clean.estimate.names:
            without = clean.estimate.theta[clean.estimate.index(name)]
        inside = bool(low <= true + NOTHING and true - NOTHING <= high) if np.isfinite(low) else None
        rows.append((name, true, estimate, low, high, inside, estimate - true, without, estimate - without))
    columns = ["quantity", "truth", "estimate", "low", "high", "inside", "miss", "clean", "effect"]
    return pd.DataFrame(rows, columns=columns)


def grade_document(graded: Grade) -> dict[str, object]:
    """Compose ``grade.json`` (schema ``rehearsal/1``)."""
    g, p = graded, graded.projection
    slipped = g.faults[g.faults["outcome"] == "slipped"]
    return {
        "schema": SCHEMA,
        "contest": g.contest.about.id,
        "mode": g.contest.about.mode,
        "as_of": g.contest.local(p.as_of).isoformat() if p.as_of else None,
        "plan": dict(g.plan),
        "sample": {
            "asked": p.progress.drawn,
            "received": p.received,
            "used": p.progress.used,
            "used_with_wrong_numbers": g.wrong,
        },
        "faults": [
            _kind(kind, g.faults[g.faults["kind"] == kind]) for kind in KINDS if (g.faults["kind"] == kind).any()
        ],
        "missed": len(g.missed),
        "slipped": slipped[["kind", "tps_id", "what", "file", "line"]].to_dict("records"),
        "false_alarms": g.false_alarms.assign(line=g.false_alarms["line"].astype(int)).to_dict("records"),
        "projection": [
            {
                name: value if isinstance(value, (str, bool, type(None))) else rounded(value)
                for name, value in row.items()
            }
            for row in g.quantities.astype({"inside": object}).to_dict("records")
        ],
        "call": {"status": p.call.status, "winner": p.call.winner, "true_winner": g.winner},
    }


def _kind(kind: str, faults: pd.DataFrame) -> dict[str, object]:
    codes = " ".join(faults["found"]).split()
    return {
        "kind": kind,
        "injected": len(faults),
        "visible": int((faults["rules"] != "").sum()),
        **{outcome: int((faults["outcome"] == outcome).sum()) for outcome in OUTCOMES},
        "rules": {code: codes.count(code) for code in sorted(set(codes))},
    }


def write_grade(graded: Grade) -> None:
    """Write ``out/rehearsal/grade.json`` and ``graded.csv``, fault by fault."""
    kept = graded.contest.out / KEPT
    write_text(kept / "grade.json", to_json(grade_document(graded)))
    write_text(kept / "graded.csv", graded.faults.to_csv(index=False, lineterminator="\n"))


def grade_summary(graded: Grade) -> list[str]:
    """Say the grade in a few lines."""
    g, p = graded, graded.projection
    outcome = g.faults["outcome"].value_counts()
    caught = int(outcome.get("quarantined", 0) + outcome.get("listed", 0))
    lines = [
        f"{g.contest.about.title}, rehearsal: {p.progress.used} of {p.progress.drawn} stations used, "
        f"{len(g.faults)} things happened, {caught} caught, {outcome.get('slipped', 0)} slipped through, "
        f"{outcome.get('harmless', 0)} harmless"
    ]
    for kind in KINDS:
        faults = g.faults[g.faults["kind"] == kind]
        if len(faults):
            counts = faults["outcome"].value_counts()
            said = ", ".join(f"{counts[o]} {o}" for o in OUTCOMES if o in counts)
            codes = sorted(set(" ".join(faults["found"]).split()))
            lines.append(f"  {KINDS[kind].text}: {said}" + (f" ({', '.join(codes)})" if codes else ""))
    lines.append(
        f"missed although a rule could see them: {len(g.missed)}; right returns kept out: {len(g.false_alarms)}; "
        f"stations used with wrong numbers: {g.wrong}"
    )
    lines += [_judged(row) for row in g.quantities.to_dict("records") if np.isfinite(row["estimate"])]
    winner = f"call {p.call.winner}" if p.call.status == "called" else "no call"
    lines.append(f"{winner} ({p.call.status}); the winner is {g.winner}")
    return lines


def _judged(row: Mapping[Any, Any]) -> str:
    estimate, low, high, truth, miss, effect = (
        100 * row[name] for name in ("estimate", "low", "high", "truth", "miss", "effect")
    )
    return (
        f"{row['quantity']}: {estimate:.2f} ({low:.2f} … {high:.2f}), true {truth:.2f}: "
        f"{'inside' if row['inside'] else 'OUTSIDE'}, off by {miss:+.2f} points; by the faults {effect:+.2f}"
    )
