"""``quickcount backtest``."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from estimation.cli.options import emit, json_option, request_option, say

if TYPE_CHECKING:
    from estimation.contest import Contest
    from estimation.simulation.backtest import BacktestPlan


@click.command()
@click.argument("contests", nargs=-1, required=True, metavar="CONTEST...", type=click.Path(path_type=Path))
@click.option("--n", type=click.IntRange(min=1), help="Stations drawn; by default [design] n.")
@click.option("--strata", help="Columns of the strata, joined by commas.")
@click.option("--method", help="simple, stratified, systematic, pivotal, …")
@click.option(
    "--estimator",
    "estimators",
    multiple=True,
    help="One or several (give it again, or join by commas): auto, multilevel, two-phase, ratio, …; "
    "by default the contest's and the ratio.",
)
@click.option("--replicates", type=click.IntRange(min=2), help="Nights replayed: 1,000 by default, 50 with --fit.")
@click.option("--seed", help="Names the random numbers; by default [design] seed.")
@click.option(
    "--arrival",
    default="random",
    show_default=True,
    help="Order of arrival: random, a column of the official file, or a model: size, distance, area, village, "
    "missing=0.15, adverse=0.1, log-logistic.",
)
@click.option(
    "--received",
    default="0.05,0.1,0.25,0.5,0.75,0.9,1",
    show_default=True,
    help="Parts of the sample that are in, joined by commas.",
)
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")
@click.option("--cluster", metavar="ADDRESS", help="An existing Dask cluster instead, tcp://host:8786.")
@click.option(
    "--resume",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder where finished blocks are kept; the same backtest goes on from them.",
)
@click.option(
    "--fit",
    "fitting",
    is_flag=True,
    help="Re-estimate the predictor's constants from past nights, one or several CONTESTs, each left out in turn; "
    "they are written to out/estimate.toml of the first.",
)
@click.option("--by", metavar="LEVEL", help="With --fit: every area of this level, such as regency, is a night.")
@request_option("level")
@request_option("where")
@click.option("--page", is_flag=True, help="Make the calibration certificate too, in out/reports or out/internal.")
@click.option("--lang", type=click.Choice(["id", "en"]), help="Language of the page; by default the contest's.")
@json_option
def backtest(
    contests: tuple[Path, ...],
    n: int | None,
    strata: str | None,
    method: str | None,
    estimators: tuple[str, ...],
    replicates: int | None,
    seed: str | None,
    arrival: str,
    received: str,
    workers: int,
    cluster: str | None,
    resume: Path | None,
    fitting: bool,
    by: str | None,
    level: float | None,
    where: str | None,
    page: bool,
    lang: str | None,
    json_file: str | None,
) -> None:
    """Replay an election whose result is known: coverage, width and calls at every part of the returns.

    CONTEST is a folder with official.csv. Samples are drawn again and again, received in an order, and estimated at
    each part; the table says how often the interval held the truth, how wide it was, and who would have been called.
    """
    from estimation.contest import load_contest
    from estimation.simulation.backtest import plan_of

    def plan_for(contest: "Contest") -> "BacktestPlan":
        return plan_of(
            contest,
            design={"n": n, "strata": strata, "method": method, "seed": seed},
            estimators=["multilevel"]
            if fitting
            else [name.strip() for given in estimators for name in given.split(",")],
            arrival=arrival,
            received=received,
            replicates=replicates or (50 if fitting else 1000),
            level=level,
        )

    if fitting:
        if workers > 1 or cluster or resume or estimators or page:
            raise click.UsageError(
                "--fit scores the predictor in one process: no --workers, --cluster, --resume, --estimator or --page"
            )
        _fit([load_contest(folder) for folder in contests], plan_for, by, where, json_file)
        return
    if len(contests) > 1 or by:
        raise click.UsageError("several contests, and --by, go with --fit: name one contest")
    opened = load_contest(contests[0])
    written = _replay(opened, plan_for, workers, cluster, resume, where, json_file)
    if page:
        _certify(opened, written, where, lang, json_file)


def _replay(
    contest: "Contest",
    plan_for: "Callable[[Contest], BacktestPlan]",
    workers: int,
    cluster: str | None,
    resume: Path | None,
    where: str | None,
    json_file: str | None,
) -> dict[str, object]:
    from estimation.cli.progress_bar import bar
    from estimation.simulation.backtest import backtest as replay
    from estimation.simulation.backtest import backtest_document, backtest_summary

    plan = plan_for(contest)
    with bar("replaying nights") as progress:
        population, result = replay(
            contest, plan, where=where, workers=workers, cluster=cluster, keep=resume, progress=progress
        )
    written = backtest_document(population, plan, result)
    emit(written, json_file)
    for line in backtest_summary(population, plan, result):
        say(line, json_file)
    return written


def _certify(
    contest: "Contest", written: dict[str, object], where: str | None, lang: str | None, json_file: str | None
) -> None:
    import tempfile

    from estimation.cli.progress_bar import spinner
    from estimation.cli.report import tell_page
    from estimation.files import to_json, write_text
    from estimation.publish import render

    with tempfile.TemporaryDirectory(prefix="quickcount-") as scratch, spinner("running the notebook"):
        results = write_text(Path(scratch) / "results.json", to_json(written))
        parameters = {"results": str(results), "where": where}
        made = render(contest, kind="backtest", language=lang, parameters=parameters)
    tell_page(made, json_file)


def _fit(
    contests: "Sequence[Contest]",
    plan_for: "Callable[[Contest], BacktestPlan]",
    by: str | None,
    where: str | None,
    json_file: str | None,
) -> None:
    from estimation.cli.progress_bar import spinner
    from estimation.files import write_text
    from estimation.simulation.fit import fit_constants, fit_document, fit_verdict, past_nights, snippet
    from estimation.version import __version__

    nights, small = [], []
    for contest in contests:
        own, left = past_nights(contest, plan_for(contest), by=by, where=where)
        nights += own
        small += left
    with spinner("scoring constants"):
        fitted = fit_constants(nights)
    for line in small:
        say(f"left out, as it has fewer stations than the sample: {line}", json_file)
    text = snippet(fitted, __version__)
    path = contests[0].out / "estimate.toml"
    write_text(path, text)
    emit(fit_document(fitted, __version__), json_file)
    for line in [*fit_verdict(fitted), f"written to {path}:", *text.splitlines()[-5:]]:
        say(line, json_file)
