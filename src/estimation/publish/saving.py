"""What a notebook leaves beside its page: numbers, tables, and what the page must know of them."""

import json
from collections.abc import Mapping
from functools import singledispatch
from hashlib import sha256
from pathlib import Path

from estimation.evaluation import write_evaluation
from estimation.files import to_json, write_bytes, write_text
from estimation.projection import write_projection
from estimation.publish.card import draw_card
from estimation.publish.pages import CARD, SUMMARY
from estimation.publish.release import Placement
from estimation.publish.reports.backtest import BacktestReport
from estimation.publish.reports.design import DesignReport
from estimation.publish.reports.evaluation import EvaluationReport
from estimation.publish.reports.projection import ProjectionReport


@singledispatch
def save(report: object, folder: str | None) -> None:
    """Write the numbers and tables of a report into a folder; None writes nothing.

    Parameters
    ----------
    report : ProjectionReport, DesignReport, EvaluationReport or BacktestReport
    folder : str or None
    """
    raise TypeError(f"save takes a report, and this is a {type(report).__name__}")


@save.register
def _(report: ProjectionReport, folder: str | None) -> None:
    """Write ``projection.json`` and the tables into a folder; None writes nothing."""
    if folder:
        write_projection(report.projection, Path(folder))
        headline = f"{report.projection.contest.about.title}: {report.status}"
        p = report.projection
        inputs = {
            **p.provenance,
            "as_of": p.as_of.isoformat() if p.as_of else None,
            "takes_sha256": _takes_sha256(report),
            "boundaries_sha256": report.boundaries.sha256 if report.boundaries else None,
        }
        _summarise(folder, report.words("page.report"), headline, len(p.notices), inputs)
        marked = Placement.marked(Path(folder))
        if marked is not None:  # the notebook runs for a page: a picture of it goes with it
            status, until = marked
            write_bytes(Path(folder) / CARD, draw_card(report, status, p.contest.local(until)))


def _takes_sha256(report: ProjectionReport) -> str | None:
    """Hash the takes up to this projection, which the page shows the course of the night by; None without any."""
    until = report.projection.as_of
    shown = [take for take in report.takes.takes if take.as_of is not None and (until is None or take.as_of <= until)]
    text = json.dumps([[take.name, take.projection.document()] for take in shown], sort_keys=True, ensure_ascii=False)
    return sha256(text.encode("utf-8")).hexdigest() if shown else None


@save.register
def _(report: DesignReport, folder: str | None) -> None:
    """Write the simulated tables as CSV into a folder; None writes nothing."""
    if folder:
        tables = {"comparison": report.plan.comparison, "missing": report.plan.missing, "precision": report.plan.areas}
        for name, table in tables.items():
            if table is not None:
                write_text(Path(folder) / f"design-{name}.csv", table.to_csv(index=False, lineterminator="\n"))
        p = report.plan
        inputs = {
            "frame_sha256": p.frame.sha256,
            "baseline_sha256": p.frame.baseline_sha256,
            "past": None if p.population is None else p.population.contest.about.id,
            "past_sha256": None if p.population is None else p.population.sha256,
            "seed": str(p.design.seed),
        }
        _summarise(folder, report.words("design.report"), report.headline, len(report.plan.notices), inputs)


@save.register
def _(report: EvaluationReport, folder: str | None) -> None:
    """Write ``evaluation.json`` and the tables into a folder; None writes nothing."""
    if folder:
        write_evaluation(report.evaluation, Path(folder))
        e = report.evaluation
        inputs = {**e.projection.provenance, "official_sha256": e.official.sha256}
        _summarise(folder, report.words("evaluation.report"), report.headline, len(e.refused), inputs)


@save.register
def _(report: BacktestReport, folder: str | None) -> None:
    """Write the JSON of the backtest and its rows as CSV into a folder; None writes nothing."""
    if folder:
        write_text(Path(folder) / "backtest.json", to_json(report.record.document))
        write_text(Path(folder) / "backtest-rows.csv", report.record.rows.to_csv(index=False, lineterminator="\n"))
        _summarise(
            folder,
            report.words("backtest.report"),
            report.headline,
            0,
            {**report.record.inputs, "seed": report.record.seed},
        )


def _summarise(
    folder: str, report: str, headline: str, warnings: int, inputs: Mapping[str, str | None] | None = None
) -> None:
    """Write what a notebook tells its page.

    Parameters
    ----------
    folder : str
    report : str
        What kind of report this is, in the page's language.
    headline : str
        The contest and the finding.
    warnings : int
    inputs : mapping, optional
        What the numbers come from, by name: SHA-256, seed; they go into the page's manifest.
    """
    told = {"report": report, "headline": headline, "warnings": warnings, "inputs": dict(inputs or {})}
    write_text(Path(folder) / SUMMARY, to_json(told))
