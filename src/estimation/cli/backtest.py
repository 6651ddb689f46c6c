"""``quickcount backtest``."""

from pathlib import Path

import click

from estimation.cli.options import contest_argument, emit, json_option, level_option, say, where_option


@click.command()
@contest_argument
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
@click.option("--replicates", type=click.IntRange(min=2), default=1000, show_default=True, help="Nights replayed.")
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
@level_option
@where_option
@json_option
def backtest(
    contest: Path,
    n: int | None,
    strata: str | None,
    method: str | None,
    estimators: tuple[str, ...],
    replicates: int,
    seed: str | None,
    arrival: str,
    received: str,
    workers: int,
    cluster: str | None,
    resume: Path | None,
    level: float | None,
    where: str | None,
    json_file: str | None,
) -> None:
    """Replay an election whose result is known: coverage, width and calls at every part of the returns.

    CONTEST is a folder with official.csv. Samples are drawn again and again, received in an order, and estimated at
    each part; the table says how often the interval held the truth, how wide it was, and who would have been called.
    """
    from estimation.cli.progress import bar
    from estimation.contest import load_contest
    from estimation.simulation.backtest import backtest as replay
    from estimation.simulation.backtest import document, headline, plan_of

    opened = load_contest(contest)
    plan = plan_of(
        opened,
        design={"n": n, "strata": strata, "method": method, "seed": seed},
        estimators=[name.strip() for given in estimators for name in given.split(",")],
        arrival=arrival,
        received=received,
        replicates=replicates,
        level=level,
    )
    with bar("replaying nights") as progress:
        population, result = replay(
            opened, plan, where=where, workers=workers, cluster=cluster, keep=resume, progress=progress
        )
    written = document(population, plan, result)
    emit(written, json_file)
    for line in headline(population, plan, result):
        say(line, json_file)
