"""``quickcount project``."""

from pathlib import Path

import click

from estimation.cli.options import contest_argument, emit, json_option, leave, request_options, say, strict_option
from estimation.contest import ProjectionRequest


@click.command()
@contest_argument
@request_options
@json_option
@strict_option
def project(contest: Path, request: ProjectionRequest, json_file: str | None, strict: bool) -> None:
    """Project shares, lead and turnout with intervals: out/projections/<moment>/projection.json and CSV.

    Returns that can't be used are kept out and listed; they never stop a projection. The takes of the night, in
    out/takes, are written by watch and batch alone.
    """
    from estimation.contest import load_contest
    from estimation.projection import project_contest, projection_document, write_projection
    from estimation.projection.headline import projection_summary

    projection = project_contest(load_contest(contest), request)
    path = write_projection(projection)
    if json_file:
        emit(projection_document(projection), json_file)
    first, *rest = projection_summary(projection)
    if projection.call.withdrawn:
        click.secho("ALARM: a call is withdrawn", fg="red", bold=True, err=True)
    say(first, json_file, bold=True)
    for line in rest:
        say(line, json_file)
    say(f"projection: {path}", json_file)
    leave(len(projection.notices) + len(projection.findings.warnings), strict)
