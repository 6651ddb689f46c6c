"""``quickcount report``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from estimation.cli.options import contest_argument, emit, json_option, leave, request_options, say, strict_option
from estimation.contest import ProjectionRequest
from estimation.contest.request import FILES

if TYPE_CHECKING:
    from estimation.contest import Contest
    from estimation.publish import Page
    from estimation.publish.verify_page import PageCheck

KINDS = ("projection", "design", "evaluation", "backtest")
SHOWN = 20  # differences named on the terminal; --json lists all


def tell_page(page: "Page", json_file: str | None = None) -> None:
    """Say where a page is, and what keeps it internal."""
    if not page.placement.public:
        say(f"internal: {page.placement.why}", json_file)
    if page.pdf is not None:
        say(f"pdf: {page.pdf}", json_file)
    say(f"page: {page.path}", json_file)


@click.command()
@contest_argument
@click.option("--kind", type=click.Choice(KINDS), default="projection", show_default=True, help="Which report.")
@click.option("--lang", type=click.Choice(["id", "en"]), help="Language; by default the contest's.")
@request_options
@click.option(
    "--set",
    "settings",
    metavar="NAME=VALUE",
    multiple=True,
    help="Any other parameter of the notebook, such as replicates=100 of a backtest; may be given again.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder; by default out/reports or out/internal."
)
@click.option("--pdf", is_flag=True, help="Make the page as PDF too (extra 'pdf').")
@click.option(
    "--verify",
    "page",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Make PAGE again from the inputs that it names, and say number by number whether they are the same.",
)
@click.option(
    "--key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="With --verify: the publisher's public key (PEM), by which the page must be signed.",
)
@json_option
@strict_option
def report(
    contest: Path,
    kind: str,
    lang: str | None,
    request: ProjectionRequest,
    settings: tuple[str, ...],
    out: Path | None,
    pdf: bool,
    page: Path | None,
    key: Path | None,
    json_file: str | None,
    strict: bool,
) -> None:
    """Make a report as one self-contained HTML page, or check one.

    The notebook of that kind is run with these parameters. The page is put in its place only when
    the run succeeded: a failing run never destroys the last good page, and says so in a page beside it.
    What may be published by contest.toml and the clock goes to out/reports, all else to out/internal.

    With --verify nothing is written: exit status 1 when a number, a text or an input differs.
    """
    from estimation.publish.notebooks import warm_notebooks

    warm_notebooks()  # first of all: it imports while this process does
    from estimation.contest import load_contest

    opened = load_contest(contest)
    if page is not None:
        files = {name: getattr(request, name) for name in FILES if getattr(request, name) is not None}
        others = [*(set(request.parameters()) - set(files)), lang, out, pdf or None, settings or None]
        if kind != "projection" or any(others):
            raise click.UsageError("--verify takes all of that from the page; give it no more than files and --key")
        _verify(opened, page, files, key, json_file)
        return
    if key is not None or json_file is not None:
        raise click.UsageError("--key and --json go with --verify; the numbers stand beside the page as JSON")
    parameters = request.parameters() | {
        name: str(getattr(request, name).resolve()) for name in FILES if getattr(request, name) is not None
    }
    _make(opened, kind, lang, parameters | _settings(settings), out, pdf, strict)


def _make(
    contest: "Contest",
    kind: str,
    lang: str | None,
    parameters: Mapping[str, object],
    out: Path | None,
    pdf: bool,
    strict: bool,
) -> None:
    from estimation.cli.progress_bar import spinner
    from estimation.publish import render

    with spinner("running the notebook"):
        made = render(contest, kind=kind, language=lang, out=out, parameters=parameters, pdf=pdf)
    click.secho(made.headline, bold=True)
    tell_page(made)
    leave(made.warnings, strict)


def _settings(given: Sequence[str]) -> dict[str, object]:
    """Read ``NAME=VALUE``; a value that is a number is one."""
    found: dict[str, object] = {}
    for one in given:
        name, equals, text = one.partition("=")
        if not equals or not name.strip():
            raise click.UsageError(f"--set {one}: write NAME=VALUE, as in --set replicates=100")
        value: object = text
        for kind in (int, float):
            try:
                value = kind(text)
                break
            except ValueError:
                continue
        found[name.strip()] = value
    return found


def _verify(contest: "Contest", page: Path, files: Mapping[str, Path], key: Path | None, json_file: str | None) -> None:
    from estimation.cli.progress_bar import spinner
    from estimation.publish.verify_page import holds, verify_page

    with spinner("making the page again"):
        checks = verify_page(contest, page, files=files, key=key)
    same = holds(checks)
    emit(
        {
            "schema": "verify/1",
            "page": page.name,
            "same": same,
            "checks": [{"name": check.name, "outcome": check.outcome, "text": check.text} for check in checks],
        },
        json_file,
    )
    _tell_checks(checks, json_file)
    verdict = "the page is what its inputs give" if same else "the page is NOT what its inputs give"
    say(f"{page.name}: {verdict}", json_file, bold=True)
    if not same:
        raise click.exceptions.Exit(1)


def _tell_checks(checks: "Sequence[PageCheck]", json_file: str | None) -> None:
    marks = {"same": "=", "different": "≠", "open": "?"}
    texts = [check for check in checks if check.name.startswith("text ")]
    for check in checks:
        if check not in texts[SHOWN:]:
            say(f"{marks[check.outcome]} {check.name}: {check.text}", json_file)
    if len(texts) > SHOWN:
        say(f"… and {len(texts) - SHOWN} more texts differ", json_file)
