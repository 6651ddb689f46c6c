"""``quickcount ingest`` and ``quickcount mark``."""

from contextlib import closing
from pathlib import Path

import click

from estimation.cli.options import contest_argument, emit, json_option, leave, say, strict_option, time_option

database_option = click.option(
    "--database",
    metavar="URL",
    help="The ledger: a path, postgresql://USER@HOST/DATABASE, or env:NAME for a URL in the environment (the place for "
    "a password). By default [returns] ledger, else out/ledger.sqlite.",
)


@click.command()
@contest_argument
@click.option(
    "--returns",
    "returns_path",
    type=click.Path(path_type=Path),
    help="A file or folder of returns; by default the inbox.",
)
@database_option
@click.option(
    "--settle",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="A file is read when it stays as it is for so long.",
)
@click.option("--all", "every", is_flag=True, help="Read files again that are unchanged.")
@click.option("--verify-chain", is_flag=True, help="Only check that no event was changed, taken out or put in.")
@json_option
@strict_option
def ingest(
    contest: Path,
    returns_path: Path | None,
    database: str | None,
    settle: float,
    every: bool,
    verify_chain: bool,
    json_file: str | None,
    strict: bool,
) -> None:
    """Enter the returns of the inbox in the ledger, each once; the inbox is never touched.

    Can be repeated and stopped at any time. Files still being written wait for the next look.
    """
    from estimation.cli.progress_bar import bar
    from estimation.contest import load_contest
    from estimation.returns import ledger as book

    with closing(book.open_ledger(load_contest(contest), database)) as opened:
        if verify_chain:
            head = book.verify_chain(opened)
            emit({"schema": "chain/1", "events": head.seq, "head": str(head)}, json_file)
            say(f"{opened.name}: {head.seq:,} events, none changed, none missing; head {head}", json_file)
            return
        with bar("files") as told:
            result = book.ingest(opened, returns_path, settle=settle, every=every, told=told)
        emit(result.document(), json_file)
        for line in result.lines():
            say(line, json_file)
        say(f"ledger: {opened.name}, head {result.head}", json_file)
        leave(len(result.failed) + len(result.waiting), strict)


@click.command()
@contest_argument
@click.argument("tps_id", metavar="TPS")
@click.argument("verdict", type=click.Choice(["verified", "rejected"]))
@click.option("--by", required=True, metavar="CODE", help="The verifier's code.")
@click.option("--source", metavar="NAME", help="Whose return; needed where sources disagree.")
@click.option("--at", metavar="TIME", help="When, e.g. 2024-11-27T18:30:00+07:00; by default now.")
@database_option
def mark(
    contest: Path, tps_id: str, verdict: str, by: str, source: str | None, at: str | None, database: str | None
) -> None:
    """Enter a verifier's word: the return of TPS was compared with its form, and is right or wrong.

    A verified return holds before any other; a rejected one is kept out until a corrected one comes.
    """
    from estimation.contest import load_contest
    from estimation.returns import ledger as book

    with closing(book.open_ledger(load_contest(contest), database)) as opened:
        event = book.mark(opened, tps_id, verdict, by=by, source=source, at=time_option(at))
    said = f", source '{event.source}'" if event.source else ""
    click.echo(f"TPS {tps_id}{said}: {verdict} by {event.note}; event {event.seq}")
