"""``quickcount project`` and ``quickcount report``."""

from pathlib import Path

import click

from estimation.cli.options import (
    as_of_option,
    contest_argument,
    emit,
    json_option,
    leave,
    level_option,
    moment,
    returns_option,
    sample_option,
    say,
    strict_option,
    where_option,
)

estimator_option = click.option(
    "--estimator",
    metavar="NAME",
    help="ratio, separate, poststratified, raked or calibrated; by default the contest's.",
)
variance_option = click.option(
    "--variance",
    metavar="NAME",
    help="auto (the design's own), stratified, jackknife, bootstrap, …; by default the contest's.",
)
interval_option = click.option(
    "--interval",
    metavar="NAME",
    help="auto, t, logit, wilson, clopper-pearson, likelihood, simultaneous or percentile; by default the contest's.",
)
previous_option = click.option(
    "--previous",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="projection.json of the take before: a call that is no longer supported is withdrawn, aloud.",
)


@click.command()
@contest_argument
@sample_option
@returns_option
@as_of_option
@estimator_option
@variance_option
@interval_option
@level_option
@where_option
@previous_option
@json_option
@strict_option
def project(
    contest: Path,
    sample_file: Path | None,
    returns_path: Path | None,
    as_of: str | None,
    estimator: str | None,
    variance: str | None,
    interval: str | None,
    level: float | None,
    where: str | None,
    previous: Path | None,
    json_file: str | None,
    strict: bool,
) -> None:
    """Project shares, lead and turnout with intervals: out/takes/<moment>/projection.json and CSV.

    Returns that can't be used are kept out and listed; they never stop a projection.
    """
    from estimation.contest import load_contest
    from estimation.projection import document, write_take
    from estimation.projection import project as compute
    from estimation.projection.headline import headline

    projection = compute(
        load_contest(contest),
        sample_path=sample_file,
        returns_path=returns_path,
        as_of=moment(as_of),
        level=level,
        where=where,
        estimate={"estimator": estimator, "variance": variance, "interval": interval},
        previous=previous,
    )
    path = write_take(projection)
    emit(document(projection), json_file)
    first, *rest = headline(projection)
    if projection.call.withdrawn:
        click.secho("ALARM: a call is withdrawn", fg="red", bold=True, err=True)
    say(first, json_file, bold=True)
    for line in rest:
        say(line, json_file)
    say(f"projection: {path}", json_file)
    leave(len(projection.notices) + len(projection.findings.warnings), strict)


@click.command()
@contest_argument
@click.option(
    "--kind", type=click.Choice(["projection"]), default="projection", show_default=True, help="Which report."
)
@click.option("--lang", type=click.Choice(["id", "en"]), help="Language; by default the contest's.")
@sample_option
@returns_option
@as_of_option
@estimator_option
@variance_option
@interval_option
@level_option
@where_option
@previous_option
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder; by default out/reports.")
@strict_option
def report(
    contest: Path,
    kind: str,
    lang: str | None,
    sample_file: Path | None,
    returns_path: Path | None,
    as_of: str | None,
    estimator: str | None,
    variance: str | None,
    interval: str | None,
    level: float | None,
    where: str | None,
    previous: Path | None,
    out: Path | None,
    strict: bool,
) -> None:
    """Make a report as one self-contained HTML page.

    The notebook of that kind is run with these parameters. The page is put in its place only when
    the run succeeded: a failing run never destroys the last good page.
    """
    from estimation.cli.progress import spinner
    from estimation.contest import load_contest
    from estimation.publish import render

    opened = load_contest(contest)
    moment(as_of)
    with spinner("running the notebook"):
        page = render(
            opened,
            kind=kind,
            language=lang,
            out=out,
            parameters={
                "sample": str(sample_file.resolve()) if sample_file else "",
                "returns": str(returns_path.resolve()) if returns_path else "",
                "as_of": as_of or "",
                "estimator": estimator or "",
                "variance": variance or "",
                "interval": interval or "",
                "level": level or 0.0,
                "where": where or "",
                "previous": str(previous.resolve()) if previous else "",
            },
        )
    click.secho(page.headline, bold=True)
    click.echo(f"page: {page.path}")
    leave(page.warnings, strict)
