"""``quickcount check``."""

from pathlib import Path

import click

from estimation.cli.options import (
    contest_argument,
    emit,
    json_option,
    leave,
    request_option,
    say,
    strict_option,
)
from estimation.rules import RULES, Findings

SHOWN = 3  # places named for each rule on the terminal; --json lists all


@click.command()
@contest_argument
@request_option("where")
@json_option
@strict_option
def check(contest: Path, where: str | None, json_file: str | None, strict: bool) -> None:
    """Check contest.toml, the frame, and the sample, boundaries, official result and returns where they exist.

    Errors end with status 1; warnings are listed.
    """
    from estimation.contest import load_contest
    from estimation.projection.inspect import inspect

    inspection = inspect(load_contest(contest), where)
    emit(inspection.document(), json_file)
    say(inspection.headline, json_file, bold=True)
    for part, findings in inspection.parts.items():
        _tell(part, findings, json_file)
    for level, (known, every) in inspection.outlines.items():
        say(f"boundaries: {known} of {every} areas at level {level} have an outline", json_file)
    if inspection.errors:
        raise click.exceptions.Exit(1)
    leave(sum(len(findings) for findings in inspection.parts.values()), strict)


def _tell(part: str, findings: Findings, json_file: str | None) -> None:
    say(f"{part}: " + (f"{len(findings)} findings" if len(findings) else "nothing found"), json_file)
    for code, count in findings.counts().items():
        say(f"  {code} × {count}: {RULES[code].text}", json_file)
        for place in [place for place in findings.places() if place.code == code][:SHOWN]:
            say(f"    {place.where()}", json_file)
        if count > SHOWN:
            say(f"    … and {count - SHOWN} more", json_file)
