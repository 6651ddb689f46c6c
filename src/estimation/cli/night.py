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
    "--estimator", type=click.Choice(["ratio"]), help="The estimator; by default the contest's."
)


@click.command()
@contest_argument
@sample_option
@returns_option
@as_of_option
@estimator_option
@level_option
@where_option
@json_option
@strict_option
def project(
    contest: Path,
    sample_file: Path | None,
    returns_path: Path | None,
    as_of: str | None,
    estimator: str | None,
    level: float | None,
    where: str | None,
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
    )
    path = write_take(projection)
    emit(document(projection), json_file)
    first, *rest = headline(projection)
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
@level_option
@where_option
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder; by default out/reports.")
@strict_option
def report(
    contest: Path,
    kind: str,
    lang: str | None,
    sample_file: Path | None,
    returns_path: Path | None,
    as_of: str | None,
    level: float | None,
    where: str | None,
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
                "level": level or 0.0,
                "where": where or "",
            },
        )
    click.secho(page.headline, bold=True)
    click.echo(f"page: {page.path}")
    leave(page.warnings, strict)
