"""Elections whose result is known: designs compared on them, nights replayed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from estimation.api.contest import DrawnSample, OpenContest, open_contest
from estimation.api.evaluation import EvaluationResult
from estimation.contest import Contest
from estimation.errors import EstimateError
from estimation.files import to_json, write_text
from estimation.publish import BacktestReport
from estimation.sampling import Design, design_of
from estimation.simulation.backtest import backtest as replay_nights
from estimation.simulation.backtest import backtest_document, backtest_summary, plan_of, tabulate
from estimation.simulation.backtest.backtest_record import backtest_record_of, read_backtest_record
from estimation.simulation.population import open_population
from estimation.simulation.replicate import compare_simulated
from estimation.words import Words

Past = OpenContest | Path | str


@dataclass(frozen=True, eq=False)
class BacktestResult:
    """A past election replayed many times.

    Attributes
    ----------
    rows : pandas.DataFrame
        A row for each part of the returns, estimator and quantity: ``received``, ``estimator``, ``quantity``,
        ``truth``, ``bias``, ``true_se``, ``mean_se``, ``coverage`` with ``coverage_low`` and ``coverage_high`` (exact
        binomial), ``half_width``, ``interval_score``; for the lead the rates of calls.
    document : mapping
        The same as ``backtest/1`` has it.
    contest : Contest
    lines : tuple of str
        What was found, in a few lines.
    """

    rows: pd.DataFrame
    document: Mapping[str, object]
    contest: Contest
    lines: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "\n".join(self.lines) or f"backtest of {self.contest.about.title}: {len(self.rows)} rows"

    def parts(self, lang: str | None = None, *, at: float = 0.1, where: str | None = None) -> BacktestReport:
        """Give the page piece by piece.

        Parameters
        ----------
        lang : str, optional
            ``id`` or ``en``; the contest's own by default.
        at : float
            The part of the returns that the finding and the table by candidate look at.
        where : str, optional
            The area that must have been replayed.

        Raises
        ------
        ReportError
            The backtest is another contest's, or another area's.
        """
        words = Words(lang or self.contest.report.language)
        return BacktestReport(self.contest, backtest_record_of(self.document), words, where or "", at)

    def _repr_html_(self) -> str:
        return self.rows.to_html(index=False, border=0, float_format="{:.4f}".format)

    def to_json(self, path: Path | str | None = None) -> str:
        """Give ``backtest/1`` as text, and write it where a path is named."""
        text = to_json(self.document)
        if path is not None:
            write_text(Path(path), text)
        return text


def compare_designs(
    past: Past,
    designs: Sequence[Design | Mapping[str, Any]] | Mapping[str, Design | Mapping[str, Any]],
    *,
    n: int | None = None,
    replicates: int = 2_000,
    level: float = 0.95,
    where: str | None = None,
    areas: str | None = None,
    cost_station: float = 0.0,
    cost_village: float = 0.0,
) -> pd.DataFrame:
    """Draw designs many times from an election whose result is known, and say what each would have said.

    Parameters
    ----------
    past : contest or path
        A contest with an official result.
    designs : sequence or mapping
        Each a :class:`estimation.Design`, or keys of ``[design]`` to take in place of the contest's:
        ``{"method": "pivotal", "strata": ""}``. A mapping names them; else they are named by method and strata.
    n : int, optional
        Stations, of all designs; each design's own by default.
    replicates : int
        Samples of each design, at least 2.
    level : float
        Confidence level, in (0, 1).
    where : str, optional
        One area, ``regency=SITUBONDO``.
    areas : str, optional
        Frame column, such as ``district``: a row for the true leader's share in each area too.
    cost_station, cost_village : float
        Of a station and of going to a village, in one currency.

    Returns
    -------
    pandas.DataFrame
        A row for each design and quantity: see :func:`estimation.simulation.replicate.compare_simulated`.

    Raises
    ------
    EstimationError
        The contest has no official result, or a design can't be drawn.
    """
    contest = _opened(past).settings
    chosen = [(None, one) for one in designs] if not isinstance(designs, Mapping) else list(designs.items())
    named: dict[str, Design] = {}
    for name, design in chosen:
        if not isinstance(design, Design):
            design = design_of(contest, **design)
        if n is not None:
            design = replace(design, n=n)
        parts = (design.method, design.strata and f"by {design.strata}", design.spread and "spread")
        label = name or " ".join(part for part in parts if part)
        while label in named:
            label += "'"
        named[label] = design
    if not named:
        raise EstimateError("designs: there is none to compare: give at least one")
    return compare_simulated(
        open_population(contest, where),
        named,
        replicates,
        level,
        areas=areas,
        cost_station=cost_station,
        cost_village=cost_village,
    )


def backtest(
    past: Past,
    *,
    order: str = "random",
    estimators: Sequence[str] | str = (),
    received: Sequence[float] | str = (0.1, 0.5, 1.0),
    replicates: int = 1_000,
    level: float | None = None,
    where: str | None = None,
    workers: int = 1,
    estimate: Mapping[str, Any] | None = None,
    **design: Any,
) -> BacktestResult:
    """Replay an election whose result is known: what estimators would have said at every part of the returns.

    Parameters
    ----------
    past : contest or path
        A contest with an official result.
    order : str
        How returns arrive: ``random``, a column of the official result to order by, or the name of a model.
    estimators : sequence of str, or str
        Names, also joined by commas; the contest's and the ratio by default.
    received : sequence of float
        Parts of the sample that are in, in (0, 1].
    replicates : int
        Nights.
    level : float, optional
        Confidence level; the contest's by default.
    where : str, optional
        One area, ``regency=SITUBONDO``.
    workers : int
        Processes.
    estimate : mapping, optional
        Keys of ``[estimate]`` to take in place of the contest's.
    **design
        Keys of ``[design]`` to take in place of the contest's.

    Raises
    ------
    EstimationError
        The contest has no official result, an argument can't be used, or the design does not fit.
    """
    contest = _opened(past).settings
    plan = plan_of(
        contest,
        design=design,
        estimators=[name.strip() for name in estimators.split(",")] if isinstance(estimators, str) else estimators,
        arrival=order,
        received=received,
        replicates=replicates,
        level=level,
        estimate=estimate,
    )
    population, replay = replay_nights(contest, plan, where=where, workers=workers)
    found = tuple(backtest_summary(population, plan, replay))
    return BacktestResult(
        tabulate(population, plan, replay), backtest_document(population, plan, replay), contest, found
    )


def read_backtest(path: Path | str, contest: Past) -> BacktestResult:
    """Read a finished backtest of a contest, as ``quickcount backtest --json`` wrote it.

    Raises
    ------
    EstimationError
        It can't be read, or is no backtest.
    """
    record = read_backtest_record(Path(path))
    return BacktestResult(record.rows, record.document, _opened(contest).settings)


def evaluate(contest: Past, **options: Any) -> EvaluationResult:
    """Hold a contest's projection and every take against its official result: see :meth:`OpenContest.evaluate`."""
    return _opened(contest).evaluate(**options)


def _opened(past: Past) -> OpenContest:
    if isinstance(past, DrawnSample):
        raise EstimateError("past: this is a sample: give the contest that it was drawn from")
    return past if isinstance(past, OpenContest) else open_contest(past)
