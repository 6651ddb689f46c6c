"""``quickcount design``."""

from pathlib import Path

import click

from estimation.cli.options import contest_argument, leave, request_option, strict_option


@click.command()
@contest_argument
@click.option("--n", type=click.IntRange(min=2), help="Stations; by default the contest's.")
@click.option("--method", metavar="NAME", help="How stations are drawn; by default the contest's.")
@click.option("--strata", metavar="COLUMNS", help="Frame columns, joined by commas; by default the contest's.")
@click.option("--allocation", metavar="NAME", help="How n is shared among the strata; by default the contest's.")
@click.option(
    "--margin",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="How many stations for this margin of error, e.g. 0.02 for two points? By default one point.",
)
@click.option(
    "--right-leader",
    type=click.FloatRange(0.5, 1, min_open=True, max_open=True),
    help="How many stations to name the right leader with this probability, e.g. 0.95?",
)
@click.option(
    "--budget", type=click.FloatRange(0, min_open=True), help="How many stations does this pay, and what is it worth?"
)
@click.option("--cost-station", type=click.FloatRange(0), help="What a station costs, in the budget's currency.")
@click.option("--cost-village", type=click.FloatRange(0), help="What going to a village costs.")
@click.option(
    "--past",
    type=click.Path(path_type=Path, exists=True),
    help="The folder of an earlier election with official.csv; by default the contest's own result.",
)
@click.option("--replicates", type=click.IntRange(min=2), default=500, show_default=True, help="Samples simulated.")
@click.option("--lang", type=click.Choice(["id", "en"]), help="Language; by default the contest's.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder; by default out/reports or out/internal."
)
@request_option("where")
@strict_option
def design(
    contest: Path,
    n: int | None,
    method: str | None,
    strata: str | None,
    allocation: str | None,
    margin: float | None,
    right_leader: float | None,
    budget: float | None,
    cost_station: float | None,
    cost_village: float | None,
    past: Path | None,
    replicates: int,
    lang: str | None,
    out: Path | None,
    where: str | None,
    strict: bool,
) -> None:
    """Make the design report as one self-contained HTML page.

    It holds the frame against the roll, shows strata, allocation and where the sample lies, works out how many
    stations are needed, and draws designs again and again from an election whose result is known. A sample in
    out/sample.csv is shown; with --n, --method, --strata or --allocation, one that could be drawn. What isn't given
    is taken from [design] in contest.toml: margin, right_leader, budget, cost_station, cost_village, cost.
    """
    from estimation.cli.progress_bar import spinner
    from estimation.cli.report import tell_page
    from estimation.contest import load_contest
    from estimation.publish import render
    from estimation.simulation.targets import targets_of

    opened = load_contest(contest)
    asked = {
        "margin": margin,
        "right_leader": right_leader,
        "budget": budget,
        "cost_station": cost_station,
        "cost_village": cost_village,
    }
    targets_of(opened, **asked)  # what can't be asked is said before the notebook runs
    with spinner("running the notebook"):
        page = render(
            opened,
            kind="design",
            language=lang,
            out=out,
            parameters={
                "n": n,
                "method": method,
                "strata": strata,
                "allocation": allocation,
                **asked,
                "past": None if past is None else str(past.resolve()),
                "replicates": replicates,
                "where": where,
            },
        )
    click.secho(page.headline, bold=True)
    tell_page(page)
    leave(page.warnings, strict)
