"""What the notebooks open: a contest, projected, in the words of one language."""

import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from estimation.contest import load_contest
from estimation.errors import ReportError
from estimation.evaluation import evaluate, write_evaluation
from estimation.files import to_json, write_text
from estimation.projection import project, write_take
from estimation.publish.backtest_report import BacktestReport
from estimation.publish.design_report import DesignReport
from estimation.publish.evaluation_report import EvaluationReport
from estimation.publish.projection_report import ProjectionReport
from estimation.publish.words import Words
from estimation.simulation.backtest import backtest, document, plan_of
from estimation.simulation.backtest.record import read_record, record_of
from estimation.simulation.plan import plan
from estimation.simulation.showcase import MOMENT, lay_out


def open_projection(
    contest: str,
    *,
    sample: str = "",
    returns: str = "",
    as_of: str = "",
    estimator: str = "",
    variance: str = "",
    interval: str = "",
    level: float = 0.0,
    where: str = "",
    previous: str = "",
    language: str = "",
) -> ProjectionReport:
    """Project a contest for a notebook; blank parameters take the contest's own.

    Parameters
    ----------
    contest : str
        A contest folder; ``demo`` is the demo of Situbondo 2024, at 18.30 of its evening.
    sample, returns : str
        Files or folders.
    as_of : str
        ISO 8601 time with UTC offset.
    estimator, variance, interval : str
        As in ``[estimate]``.
    level : float
        Confidence level.
    where : str
        An area, ``regency=SITUBONDO``.
    previous : str
        ``projection.json`` of the take before.
    language : str
        ``id`` or ``en``.

    Raises
    ------
    EstimationError
        The contest, its files or a parameter can't be used.
    """
    if contest == "demo":
        contest = str(lay_out("situbondo-2024", Path(tempfile.mkdtemp(prefix="quickcount-demo-"))))
        as_of = as_of or MOMENT
    opened = load_contest(contest)
    moment = datetime.fromisoformat(as_of) if as_of else None
    if moment is not None and moment.tzinfo is None:
        raise ReportError(f"as_of '{as_of}' has no UTC offset: write it like {MOMENT}")
    projection = project(
        opened,
        sample_path=Path(sample) if sample else None,
        returns_path=Path(returns) if returns else None,
        as_of=moment,
        level=level or None,
        where=where or None,
        estimate={"estimator": estimator, "variance": variance, "interval": interval},
        previous=Path(previous) if previous else None,
    )
    return ProjectionReport(projection, Words(language or opened.report.language))


def save(report: ProjectionReport, folder: str) -> None:
    """Write ``projection.json`` and the tables into a folder; a blank name writes nothing."""
    if folder:
        write_take(report.projection, Path(folder))
        headline = f"{report.projection.contest.about.title}: {report.status}"
        _summarise(folder, report.words("page.report"), headline, len(report.projection.notices))


def open_design(
    contest: str,
    *,
    past: str = "",
    n: int = 0,
    method: str = "",
    strata: str = "",
    allocation: str = "",
    margin: float = 0.0,
    right_leader: float = 0.0,
    budget: float = 0.0,
    cost_station: float = 0.0,
    cost_village: float = 0.0,
    replicates: int = 500,
    where: str = "",
    language: str = "",
) -> DesignReport:
    """Plan a sample for a notebook; blank parameters take the contest's own.

    Parameters
    ----------
    contest : str
        A contest folder; ``demo`` is the demo of Situbondo 2024.
    past : str
        The folder of an earlier election with an official result; blank: the contest's own result.
    n, method, strata, allocation
        Parts of the design to look at in place of the contest's.
    margin : float
        Margin of error to reach, a half-width in 0 … 1; 0: one point, or the contest's.
    right_leader : float
        Probability with which the right leader should be ahead, 0.5 … 1.
    budget, cost_station, cost_village : float
        What may be spent, and what a station and going to a village cost, in one currency.
    replicates : int
        Samples simulated of each design.
    where : str
        An area, ``regency=SITUBONDO``.
    language : str
        ``id`` or ``en``.

    Raises
    ------
    EstimationError
        The contest, its files or a parameter can't be used, or the design can't be drawn.
    """
    if contest == "demo":
        contest = str(lay_out("situbondo-2024", Path(tempfile.mkdtemp(prefix="quickcount-demo-"))))
    opened = load_contest(contest)
    parts = {"n": n, "method": method, "strata": strata, "allocation": allocation}
    aims = {
        "margin": margin,
        "right_leader": right_leader,
        "budget": budget,
        "cost_station": cost_station,
        "cost_village": cost_village,
    }
    found = plan(
        opened,
        past=load_contest(past) if past else None,
        replicates=replicates,
        where=where or None,
        changes={name: value for name, value in parts.items() if value},
        asked={name: value for name, value in aims.items() if value},
    )
    return DesignReport(found, Words(language or opened.report.language), replicates)


def save_design(report: DesignReport, folder: str) -> None:
    """Write the simulated tables as CSV into a folder; a blank name writes nothing."""
    if folder:
        tables = {"comparison": report.plan.comparison, "missing": report.plan.missing, "precision": report.plan.areas}
        for name, table in tables.items():
            if table is not None:
                write_text(Path(folder) / f"design-{name}.csv", table.to_csv(index=False, lineterminator="\n"))
        _summarise(folder, report.words("design.report"), report.headline, len(report.plan.notices))


def open_backtest(
    contest: str,
    *,
    results: str = "",
    n: int = 0,
    method: str = "",
    strata: str = "",
    estimators: str = "",
    arrival: str = "random",
    received: str = "0.05,0.1,0.25,0.5,0.75,0.9,1",
    replicates: int = 1000,
    seed: str = "",
    level: float = 0.0,
    where: str = "",
    at: float = 0.1,
    language: str = "",
) -> BacktestReport:
    """Replay an election for a notebook, or show a finished backtest; blank parameters take the contest's own.

    Parameters
    ----------
    contest : str
        A contest folder with an official result; ``demo`` is the demo of Situbondo 2024.
    results : str
        The JSON of a finished backtest of this contest; then nothing is replayed, and what follows but `where`, `at`
        and `language` plays no part.
    n, method, strata, seed
        Parts of the design in place of the contest's.
    estimators : str
        Names joined by commas; the first is the one that the finding is about.
    arrival : str
        Order of arrival, see :func:`estimation.simulation.arrivals.arrival_model`.
    received : str
        Parts of the sample that are in, joined by commas.
    replicates : int
        Nights.
    level : float
        Confidence level.
    where : str
        An area, ``regency=SITUBONDO``.
    at : float
        The part of the returns that the finding and the table by candidate look at.
    language : str
        ``id`` or ``en``.

    Raises
    ------
    EstimationError
        The contest has no official result, a parameter or the results can't be used, or they are another contest's.
    """
    if contest == "demo":
        contest = str(lay_out("situbondo-2024", Path(tempfile.mkdtemp(prefix="quickcount-demo-"))))
    opened = load_contest(contest)
    if results:
        record = read_record(Path(results))
    else:
        design = {"n": n, "method": method, "strata": strata, "seed": seed}
        asked = plan_of(
            opened,
            design={name: value for name, value in design.items() if value},
            estimators=[name.strip() for name in estimators.split(",") if name.strip()],
            arrival=arrival,
            received=received,
            replicates=replicates,
            level=level or None,
        )
        population, replay = backtest(opened, asked, where=where or None)
        record = record_of(document(population, asked, replay))
    return BacktestReport(opened, record, Words(language or opened.report.language), where, at)


def save_backtest(report: BacktestReport, folder: str) -> None:
    """Write the JSON of the backtest and its rows as CSV into a folder; a blank name writes nothing."""
    if folder:
        write_text(Path(folder) / "backtest.json", to_json(report.record.document))
        write_text(Path(folder) / "backtest-rows.csv", report.record.rows.to_csv(index=False, lineterminator="\n"))
        _summarise(folder, report.words("backtest.report"), report.headline, 0)


def open_evaluation(
    contest: str,
    *,
    official: str = "",
    sample: str = "",
    returns: str = "",
    as_of: str = "",
    estimator: str = "",
    level: float = 0.0,
    where: str = "",
    takes: str = "",
    language: str = "",
) -> EvaluationReport:
    """Hold a contest's projection against the official result for a notebook; blank parameters take its own.

    Parameters
    ----------
    contest : str
        A contest folder with an official result; ``demo`` is the demo of Situbondo 2024, at 18.30 of its evening,
        with a take every hour.
    official : str
        The official result by station.
    sample, returns : str
        Files or folders.
    as_of : str
        ISO 8601 time with UTC offset: the moment that is evaluated.
    estimator : str
        As in ``[estimate]``.
    level : float
        Confidence level.
    where : str
        An area, ``regency=SITUBONDO``.
    takes : str
        The folder of the night's takes.
    language : str
        ``id`` or ``en``.

    Raises
    ------
    EstimationError
        The contest has no official result, or its files or a parameter can't be used.
    """
    if contest == "demo":
        contest = str(lay_out("situbondo-2024", Path(tempfile.mkdtemp(prefix="quickcount-demo-"))))
        as_of = as_of or MOMENT
        _demo_night(contest)
    opened = load_contest(contest)
    moment = datetime.fromisoformat(as_of) if as_of else None
    found = evaluate(
        opened,
        official=Path(official) if official else None,
        sample_path=Path(sample) if sample else None,
        returns_path=Path(returns) if returns else None,
        as_of=moment,
        level=level or None,
        where=where or None,
        takes=Path(takes) if takes else None,
        estimate={"estimator": estimator},
    )
    return EvaluationReport(found, Words(language or opened.report.language))


def save_evaluation(report: EvaluationReport, folder: str) -> None:
    """Write ``evaluation.json`` and the tables into a folder; a blank name writes nothing."""
    if folder:
        write_evaluation(report.evaluation, Path(folder))
        _summarise(folder, report.words("evaluation.report"), report.headline, len(report.evaluation.refused))


def _demo_night(contest: str) -> None:
    """Write a take of the demo's evening every hour, each knowing of the one before."""
    opened, before = load_contest(contest), None
    middle = datetime.fromisoformat(MOMENT)
    for hours in range(-3, 4):
        before = write_take(project(opened, as_of=middle + timedelta(hours=hours), previous=before))


def _summarise(folder: str, report: str, headline: str, warnings: int) -> None:
    write_text(Path(folder) / "summary.json", to_json({"report": report, "headline": headline, "warnings": warnings}))
