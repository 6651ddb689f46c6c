"""What several verbs share: arguments, options, and how they speak."""

import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any, get_args

import click

from estimation.contest import ProjectionRequest
from estimation.contest.request import CHANGES
from estimation.errors import EstimateError, EstimationError
from estimation.files import to_json, write_text
from estimation.words import terminal_words

Decorator = Callable[[Callable[..., None]], Callable[..., None]]

_METAVARS = {"as_of": "TIME", "recorded_by": "TIME", "level": "P", "where": "LEVEL=NAME"} | dict.fromkeys(
    ("estimator", "variance", "interval"), "NAME"
)

contest_argument = click.argument("contest", type=click.Path(path_type=Path))
json_option = click.option(
    "--json",
    "json_file",
    metavar="FILE",
    help="Write the result as JSON to FILE, or to standard output with '-'.",
)
strict_option = click.option("--strict", is_flag=True, help="Exit with 1 when there is any warning.")


def request_option(name: str) -> Decorator:
    """Make the option of one field of a request: its type and its name from the field, its text from the words."""
    field = ProjectionRequest.model_fields[name]
    types = get_args(field.annotation) or (field.annotation,)
    names = ", ".join(get_args(types[0])) if name in CHANGES else ""
    metavar, text = _METAVARS.get(name), terminal_words()(f"option.{name}", names=names)
    kind = click.Path(path_type=Path) if Path in types else float if float in types or _is_number(types) else str
    return click.option(f"--{name.replace('_', '-')}", name, type=kind, metavar=metavar, help=text)


def request_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a verb every option of a :class:`ProjectionRequest`; it takes them as one argument ``request``."""

    @wraps(command)
    def with_request(*args: object, **options: Any) -> None:
        asked = {name: options.pop(name) for name in ProjectionRequest.model_fields}
        settings = asked.pop("estimate")
        command(*args, request=request_of(**asked, estimate=_settings(settings) or None), **options)

    repeated = click.option("--estimate", metavar="KEY=VALUE", multiple=True, help=terminal_words()("option.estimate"))
    single = [request_option(name) for name in ProjectionRequest.model_fields if name != "estimate"]
    decorated: Callable[..., None] = with_request
    options: list[Decorator] = [*single, repeated]
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


def request_of(**options: Any) -> ProjectionRequest:
    """Make a request of options as they stand on the command line.

    Raises
    ------
    EstimateError
        A value can't be used; the message names the option and what is allowed.
    """
    try:
        return ProjectionRequest.of(**options)
    except EstimateError as error:
        lines = []
        for line in str(error).splitlines():
            name = next((name for name in ProjectionRequest.model_fields if line.startswith(f"{name} ")), "")
            lines.append(f"--{name.replace('_', '-')}{line[len(name) :]}" if name else line)
        raise EstimateError("\n".join(lines)) from error


def _is_number(types: Sequence[object]) -> bool:
    return any(float in get_args(inner) for inner in types)


def _settings(pairs: Sequence[str]) -> dict[str, object]:
    """Read ``KEY=VALUE`` as a line of TOML; what is none is text."""
    values: dict[str, object] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key.strip():
            raise click.UsageError(f"--estimate {pair}: write KEY=VALUE, as in --estimate delta=0.1")
        try:
            values[key.strip()] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            values[key.strip()] = text.strip()
    return values


def time_option(text: str | None, option: str = "--as-of") -> datetime | None:
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
