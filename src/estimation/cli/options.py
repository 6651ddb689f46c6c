"""What several verbs share: arguments, options, and how they speak."""

import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import click

from estimation.errors import EstimationError
from estimation.files import to_json, write_text

Decorator = Callable[[Callable[..., None]], Callable[..., None]]

contest_argument = click.argument("contest", type=click.Path(path_type=Path))
json_option = click.option(
    "--json",
    "json_file",
    metavar="FILE",
    help="Write the result as JSON to FILE, or to standard output with '-'.",
)
strict_option = click.option("--strict", is_flag=True, help="Exit with 1 when there is any warning.")
where_option = click.option(
    "--where",
    metavar="LEVEL=NAME",
    help="Only this area, e.g. regency=SITUBONDO; several levels joined by commas.",
)
sample_option = click.option(
    "--sample", "sample_file", type=click.Path(path_type=Path), help="The sample; by default out/sample.csv."
)
returns_option = click.option(
    "--returns",
    "returns_path",
    type=click.Path(path_type=Path),
    help="A file or folder of returns; by default the inbox.",
)
as_of_option = click.option(
    "--as-of", metavar="TIME", help="Look only at what had come in by then, e.g. 2024-11-27T18:30:00+07:00."
)
recorded_by_option = click.option(
    "--recorded-by", metavar="TIME", help="Look only at what the ledger held then, whatever was entered later."
)
level_option = click.option(
    "--level", type=float, metavar="P", help="Confidence level; by default the contest's (0.95)."
)
estimator_option = click.option(
    "--estimator",
    metavar="NAME",
    help="auto, multilevel, two-phase, propensity, propensity-cells, ratio, separate, poststratified, raked or "
    "calibrated; by default the contest's.",
)
variance_option = click.option(
    "--variance",
    metavar="NAME",
    help="auto (the design's own), stratified, jackknife, bootstrap, …; by default the contest's.",
)
interval_option = click.option(
    "--interval",
    metavar="NAME",
    help="auto, t, logit, wilson, clopper-pearson, simultaneous or percentile; by default the contest's.",
)
previous_option = click.option(
    "--previous",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="projection.json of the take before: a call that is no longer supported is withdrawn, aloud.",
)


def moment(text: str | None, option: str = "--as-of") -> datetime | None:
    """Read a time given on the command line.

    Raises
    ------
    EstimationError
        It is no ISO 8601 time, or has no UTC offset.
    """
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise EstimationError(f"{option} '{text}' is no time: write it like 2024-11-27T18:30:00+07:00") from error
    if time.tzinfo is None:
        raise EstimationError(f"{option} '{text}' has no UTC offset: write it like 2024-11-27T18:30:00+07:00")
    return time


def emit(document: Mapping[str, object], json_file: str | None) -> None:
    """Write a document where ``--json`` says."""
    if json_file == "-":
        sys.stdout.write(to_json(document))
    elif json_file:
        write_text(Path(json_file), to_json(document))


def say(text: str, json_file: str | None = None, *, bold: bool = False) -> None:
    """Tell the person at the terminal; on standard error where standard output carries JSON."""
    click.secho(text, bold=bold, err=json_file == "-")


def leave(warnings: int, strict: bool) -> None:
    """End with 1 where warnings were found and ``--strict`` was given."""
    if strict and warnings:
        click.echo(f"--strict: {warnings} warnings", err=True)
        raise click.exceptions.Exit(1)
