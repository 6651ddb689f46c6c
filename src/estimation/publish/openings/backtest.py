"""Opens a backtest for a notebook: an election replayed, or a finished backtest."""

from pathlib import Path

from estimation.contest import load_contest
from estimation.files import to_json, write_text
from estimation.publish.openings.shared import demo_folder, summarise
from estimation.publish.reports.backtest import BacktestReport
from estimation.simulation.backtest import backtest, document, plan_of
from estimation.simulation.backtest.record import read_record, record_of
from estimation.words import Words


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
        contest = demo_folder()
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
        summarise(
            folder,
            report.words("backtest.report"),
            report.headline,
            0,
            {**report.record.inputs, "seed": report.record.seed},
        )
