"""Opens a projection for a notebook: a contest, projected, in the words of one language."""

import json
from hashlib import sha256
from pathlib import Path

from estimation.boundaries import load_boundaries
from estimation.contest import ProjectionRequest, load_contest
from estimation.files import write_bytes
from estimation.projection import project_contest, read_takes, write_projection
from estimation.publish.card import draw_card
from estimation.publish.openings.shared import demo_folder, demo_night, summarise
from estimation.publish.pages import CARD
from estimation.publish.projection_report import ProjectionReport
from estimation.publish.release import Placement
from estimation.simulation.showcase import MOMENT
from estimation.words import Words


def open_projection(contest: str, *, language: str | None = None, **options: object) -> ProjectionReport:
    """Project a contest for a page.

    Parameters
    ----------
    contest : str
        A contest folder; ``demo`` is the demo of Situbondo 2024, at 18.30 of its evening.
    language : str, optional
        ``id`` or ``en``; the contest's own by default.
    **options
        Fields of a :class:`estimation.contest.ProjectionRequest`.

    Returns
    -------
    ProjectionReport
        With the takes that stand in ``out/takes`` of the contest.

    Raises
    ------
    EstimationError
        The contest, its files or a parameter can't be used.
    """
    if contest == "demo":
        contest = demo_folder()
        options = {**options, "as_of": options.get("as_of") or MOMENT}
        demo_night(contest, -3, -1)
    opened = load_contest(contest)
    projection = project_contest(opened, ProjectionRequest.of(**options))
    return ProjectionReport(
        projection, Words(language or opened.report.language), read_takes(opened), load_boundaries(opened)
    )


def save(report: ProjectionReport, folder: str | None) -> None:
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
        summarise(folder, report.words("page.report"), headline, len(p.notices), inputs)
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
