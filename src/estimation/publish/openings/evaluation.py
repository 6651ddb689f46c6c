"""Opens an evaluation for a notebook: a night against the official result."""

from pathlib import Path

from estimation.contest import ProjectionRequest, load_contest
from estimation.evaluation import evaluate, write_evaluation
from estimation.publish.evaluation_report import EvaluationReport
from estimation.publish.openings.shared import demo_folder, demo_night, summarise
from estimation.simulation.showcase import MOMENT
from estimation.words import Words


def open_evaluation(
    contest: str,
    *,
    official: str | None = None,
    takes: str | None = None,
    language: str | None = None,
    **options: object,
) -> EvaluationReport:
    """Hold a contest's projection against the official result for a page.

    Parameters
    ----------
    contest : str
        A contest folder with an official result; ``demo`` is the demo of Situbondo 2024, at 18.30 of its evening,
        with a take every hour.
    official : str, optional
        The official result by station; the contest's own by default.
    takes : str, optional
        The folder of the night's takes; ``out/takes`` by default.
    language : str, optional
        ``id`` or ``en``; the contest's own by default.
    **options
        Fields of a :class:`estimation.contest.ProjectionRequest`.

    Raises
    ------
    EstimationError
        The contest has no official result, or its files or a parameter can't be used.
    """
    if contest == "demo":
        contest = demo_folder()
        options = {**options, "as_of": options.get("as_of") or MOMENT}
        demo_night(contest, -3, 3)
    opened = load_contest(contest)
    evaluation = evaluate(
        opened,
        ProjectionRequest.of(**options),
        official=None if official is None else Path(official),
        takes=None if takes is None else Path(takes),
    )
    return EvaluationReport(evaluation, Words(language or opened.report.language))


def save_evaluation(report: EvaluationReport, folder: str | None) -> None:
    """Write ``evaluation.json`` and the tables into a folder; None writes nothing."""
    if folder:
        write_evaluation(report.evaluation, Path(folder))
        e = report.evaluation
        inputs = {**e.projection.provenance, "official_sha256": e.official.sha256}
        summarise(folder, report.words("evaluation.report"), report.headline, len(e.refused), inputs)
