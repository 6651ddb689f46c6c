"""``quickcount project``."""

from pathlib import Path

import click

from estimation.cli.options import (
    as_of_option,
    contest_argument,
    emit,
    estimator_option,
    interval_option,
    json_option,
    leave,
    level_option,
    moment,
    previous_option,
    recorded_by_option,
    returns_option,
    sample_option,
    say,
    strict_option,
    variance_option,
    where_option,
)


@click.command()
@contest_argument
@sample_option
@returns_option
@as_of_option
@recorded_by_option
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
    recorded_by: str | None,
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
        recorded_by=moment(recorded_by, "--recorded-by"),
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
