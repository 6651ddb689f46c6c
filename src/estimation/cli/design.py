"""``quickcount design``."""

from pathlib import Path

import click

from estimation.cli.options import contest_argument, leave, strict_option, where_option


@click.command()
@contest_argument
@click.option("--n", type=click.IntRange(min=2), help="Stations; by default the contest's.")
@click.option("--method", metavar="NAME", help="How stations are drawn; by default the contest's.")
@click.option("--strata", metavar="COLUMNS", help="Frame columns, joined by commas; by default the contest's.")
@click.option(
    "--past",
    type=click.Path(path_type=Path, exists=True),
    help="The folder of an earlier election with official.csv; by default the contest's own result.",
)
@click.option("--replicates", type=click.IntRange(min=2), default=500, show_default=True, help="Samples simulated.")
@click.option("--lang", type=click.Choice(["id", "en"]), help="Language; by default the contest's.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder; by default out/reports.")
@where_option
@strict_option
def design(
    contest: Path,
    n: int | None,
    method: str | None,
    strata: str | None,
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
    out/sample.csv is shown; with --n, --method or --strata, one that could be drawn.
    """
    from estimation.cli.progress import spinner
    from estimation.contest import load_contest
    from estimation.publish import render

    opened = load_contest(contest)
    with spinner("running the notebook"):
        page = render(
            opened,
            kind="design",
            language=lang,
            out=out,
            parameters={
                "n": n or 0,
                "method": method or "",
                "strata": strata or "",
                "past": str(past.resolve()) if past else "",
                "replicates": replicates,
                "where": where or "",
            },
        )
    click.secho(page.headline, bold=True)
    click.echo(f"page: {page.path}")
    leave(page.warnings, strict)
