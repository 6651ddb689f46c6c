"""Opens a design for a notebook: a sample, planned and tried on an earlier election."""

from pathlib import Path

from estimation.contest import load_contest
from estimation.files import write_text
from estimation.publish.openings.shared import demo_folder, summarise
from estimation.publish.reports.design import DesignReport
from estimation.simulation.plan import plan
from estimation.words import Words


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
        p = report.plan
        inputs = {
            "frame_sha256": p.frame.sha256,
            "baseline_sha256": p.frame.baseline_sha256,
            "past": None if p.population is None else p.population.contest.about.id,
            "past_sha256": None if p.population is None else p.population.sha256,
            "seed": str(p.design.seed),
        }
        summarise(folder, report.words("design.report"), report.headline, len(report.plan.notices), inputs)
