"""Opens a design for a notebook: a sample, planned and tried on an earlier election."""

from pathlib import Path

from estimation.contest import load_contest
from estimation.files import write_text
from estimation.publish.design_report import DesignReport
from estimation.publish.openings.shared import demo_folder, summarise
from estimation.simulation.plan import plan
from estimation.words import Words


def open_design(
    contest: str,
    *,
    past: str | None = None,
    n: int | None = None,
    method: str | None = None,
    strata: str | None = None,
    allocation: str | None = None,
    margin: float | None = None,
    right_leader: float | None = None,
    budget: float | None = None,
    cost_station: float | None = None,
    cost_village: float | None = None,
    replicates: int = 500,
    where: str | None = None,
    language: str | None = None,
) -> DesignReport:
    """Plan a sample for a notebook.

    Parameters
    ----------
    contest : str
        A contest folder; ``demo`` is the demo of Situbondo 2024.
    past : str
        The folder of an earlier election with an official result; by default the contest's own result.
    n, method, strata, allocation
        Parts of the design to look at in place of the contest's.
    margin : float
        Margin of error to reach, a half-width in 0 … 1; by default one point, or the contest's.
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
        contest = demo_folder()
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
        where=where,
        changes={name: value for name, value in parts.items() if value is not None},
        asked={name: value for name, value in aims.items() if value is not None},
    )
    return DesignReport(found, Words(language or opened.report.language), replicates)


def save_design(report: DesignReport, folder: str | None) -> None:
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
        summarise(folder, report.words("design.report"), report.headline, len(report.plan.notices), inputs)
