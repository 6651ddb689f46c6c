"""Opens a projection for a notebook: a contest, projected, in the words of one language."""

import json
from hashlib import sha256
from pathlib import Path

from estimation.boundaries import load_boundaries
from estimation.contest import load_contest
from estimation.files import write_bytes
from estimation.projection import project, write_take
from estimation.projection.takes import read_takes
from estimation.publish.card import draw_card
from estimation.publish.openings.shared import demo_folder, demo_night, moment_of, summarise
from estimation.publish.pages import CARD
from estimation.publish.release import Placement
from estimation.publish.reports.projection import ProjectionReport
from estimation.simulation.showcase import MOMENT
from estimation.words import Words


def open_projection(
    contest: str,
    *,
    sample: str = "",
    returns: str = "",
    as_of: str = "",
    recorded_by: str = "",
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
    recorded_by : str
        The same: what the ledger held then.
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
        as_of = as_of or MOMENT
        demo_night(contest, -3, -1)
    opened = load_contest(contest)
    moment, known = moment_of("as_of", as_of), moment_of("recorded_by", recorded_by)
    projection = project(
        opened,
        sample_path=Path(sample) if sample else None,
        returns_path=Path(returns) if returns else None,
        as_of=moment,
        recorded_by=known,
        level=level or None,
        where=where or None,
        estimate={"estimator": estimator, "variance": variance, "interval": interval},
        previous=Path(previous) if previous else None,
    )
    takes, refused = read_takes(opened.out / "takes", opened)
    return ProjectionReport(
        projection, Words(language or opened.report.language), takes, refused, load_boundaries(opened)
    )


def save(report: ProjectionReport, folder: str) -> None:
    """Write ``projection.json`` and the tables into a folder; a blank name writes nothing."""
    if folder:
        write_take(report.projection, Path(folder))
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
    shown = [take for take in report.takes if take.as_of is not None and (until is None or take.as_of <= until)]
    text = json.dumps([[take.name, take.document] for take in shown], sort_keys=True, ensure_ascii=False)
    return sha256(text.encode("utf-8")).hexdigest() if shown else None
