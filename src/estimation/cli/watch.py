"""``quickcount watch``."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from estimation.cli.options import contest_argument, time_option

if TYPE_CHECKING:
    from estimation.night.events import Event

_STYLES: dict[str, dict[str, Any]] = {
    "take": {"bold": True},
    "alarm": {"fg": "red", "bold": True},
    "trouble": {"fg": "red", "bold": True},
    "mended": {"fg": "green"},
    "quiet": {"dim": True},
}


@click.command()
@contest_argument
@click.option(
    "--every",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="The least time between takes: one is made as soon as something is new and so long has passed.",
)
@click.option("--once", is_flag=True, help="One round and its page, then end; 1 where there is no take.")
@click.option("--until", metavar="TIME", help="End then, with a last take of what is in: 2024-11-27T23:00:00+07:00.")
@click.option("--lang", "languages", type=click.Choice(["id", "en"]), multiple=True, help="May be given twice.")
@click.option("--page/--no-page", "pages", default=True, help="Whether pages follow the takes.")
@click.option(
    "--settle",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="A file of the inbox is read when it stays as it is for so long.",
)
@click.option(
    "--json", "json_file", metavar="FILE", help="Add what happens to FILE, a line of JSON each; - for output."
)
def watch(
    contest: Path,
    every: float,
    once: bool,
    until: str | None,
    languages: tuple[str, ...],
    pages: bool,
    settle: float,
    json_file: str | None,
) -> None:
    """Take in whatever comes through the night, and project it: out/takes/<moment>/ and the page after it.

    The inbox is looked at all the time. A take is made where the returns, contest.toml, the frame or the sample
    changed; with [estimate] takes = K only at the K planned parts of the information. The page follows in a process
    of its own. What fails is said, kept in out/status.json and tried again; what was good stays. Ctrl+C or SIGTERM
    end it after the running step. Killed, it is started again and goes on from where it was.
    """
    from estimation.night.watch import Settings
    from estimation.night.watch import watch as keep_watch

    settings = Settings(every, settle, once, time_option(until, "--until"), languages, pages)
    with _Screen(json_file) as screen:
        if not keep_watch(contest, settings, screen):
            raise click.exceptions.Exit(1)


class _Screen:
    """Says events: in lines, with a line below on a terminal that says what is waited for; as JSON where asked."""

    def __init__(self, json_file: str | None) -> None:
        self._err = json_file == "-"
        self._json: TextIO | None = sys.stdout if json_file == "-" else None
        self._file = Path(json_file) if json_file and json_file != "-" else None
        self._status: Any = None

    def __enter__(self) -> "_Screen":
        if self._file is not None:
            self._json = self._file.open("a", encoding="utf-8")
        stream = sys.stderr if self._err else sys.stdout
        if stream.isatty():
            from rich.console import Console

            self._status = Console(file=stream).status("")
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()
        if self._file is not None and self._json is not None:
            self._json.close()

    def __call__(self, event: "Event") -> None:
        style = _STYLES.get(event.kind, {})
        clock = f"{event.at.astimezone():%H:%M:%S}"
        first, *rest = event.lines
        bell = "\a" if event.kind == "alarm" and self._status is not None else ""
        click.echo(f"{clock}  {click.style(first, **style)}{bell}", err=self._err)
        for line in rest:
            click.echo(f"{'':10}{line}", err=self._err)
        if self._json is not None:
            self._json.write(json.dumps(event.document(), ensure_ascii=False) + "\n")
            self._json.flush()

    def idle(self, text: str) -> None:
        if self._status is not None:
            self._status.update(text)
