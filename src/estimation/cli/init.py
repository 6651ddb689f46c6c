"""``quickcount init``."""

from datetime import datetime
from pathlib import Path
from typing import get_args

import click


def _rules() -> list[str]:
    from estimation.contest import DecisionRule

    return list(get_args(DecisionRule))


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--title", required=True, help='"Pemilihan Bupati Situbondo 2024"')
@click.option(
    "--candidate",
    "candidates",
    required=True,
    multiple=True,
    metavar="NAME",
    help="A name; one for each, as on the ballot.",
)
@click.option(
    "--day", required=True, type=click.DateTime(formats=["%Y-%m-%d"]), metavar="DATE", help="Of the election."
)
@click.option("--kind", default="bupati", show_default=True, help="presiden, gubernur, bupati, walikota, …")
@click.option(
    "--timezone",
    default="Asia/Jakarta",
    show_default=True,
    help="WIB Asia/Jakarta, WITA Asia/Makassar, WIT Asia/Jayapura.",
)
@click.option("--rule", type=click.Choice(_rules()), default="plurality", show_default=True, help="Who wins.")
@click.option("--n", default=300, show_default=True, type=click.IntRange(min=1), help="Stations to draw.")
@click.option(
    "--frame",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Every station that can be drawn, CSV or Parquet; copied into FOLDER.",
)
def init(
    folder: Path,
    title: str,
    candidates: tuple[str, ...],
    day: datetime,
    kind: str,
    timezone: str,
    rule: str,
    n: int,
    frame: Path | None,
) -> None:
    """Make a contest folder: contest.toml with what each key means, an inbox, and the frame.

    Nothing that is there is overwritten. A single candidate stands against the empty column, which is added.
    """
    from estimation.scaffold import init as make

    contest = make(
        folder,
        title=title,
        kind=kind,
        day=day.date(),
        timezone=timezone,
        candidates=candidates,
        rule=rule,
        n=n,
        frame=frame,
    )
    click.secho(f"{contest.about.title}: {folder / 'contest.toml'}", bold=True)
    have = (folder / (contest.frame.path or "frame.csv")).is_file()
    click.echo(f"next: {'' if have else 'put frame.csv into the folder, then '}quickcount check {folder}")
