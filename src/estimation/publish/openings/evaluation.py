"""Opens an evaluation for a notebook: a night against the official result."""

from pathlib import Path

from estimation.contest import load_contest
from estimation.evaluation import evaluate, write_evaluation
from estimation.publish.openings.shared import demo_folder, demo_night, moment_of, summarise
from estimation.publish.reports.evaluation import EvaluationReport
from estimation.simulation.showcase import MOMENT
from estimation.words import Words


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
        contest = demo_folder()
        as_of = as_of or MOMENT
        demo_night(contest, -3, 3)
    opened = load_contest(contest)
    moment = moment_of("as_of", as_of)
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
        e = report.evaluation
        inputs = {**e.projection.provenance, "official_sha256": e.official.sha256}
        summarise(folder, report.words("evaluation.report"), report.headline, len(e.refused), inputs)
