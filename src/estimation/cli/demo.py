"""``quickcount demo``."""

from datetime import datetime, timedelta
from pathlib import Path

import click

from estimation.resources import DEMOS


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("demo"))
@click.option("--contest", "name", type=click.Choice(DEMOS), default=DEMOS[0], show_default=True, help="Which demo.")
@click.option("--lang", type=click.Choice(["id", "en"]), help="Language of the page; by default Indonesian.")
def demo(folder: Path, name: str, lang: str | None) -> None:
    """Lay a demo contest out in FOLDER (by default ./demo), draw, project and report it.

    The stations' counts are simulated; their sums by district, the rolls and the names are real.
    """
    from estimation.cli.progress_bar import spinner
    from estimation.contest import ProjectionRequest, load_contest
    from estimation.projection import make_take, project_contest, read_takes, write_take
    from estimation.projection.headline import projection_summary
    from estimation.publish import render
    from estimation.simulation.showcase import MOMENT, make_showcase

    click.echo(f"1/3 laying out {name} and drawing its sample")
    target = make_showcase(name, folder)
    contest = load_contest(target)
    click.echo(f"2/3 projecting every hour from what was in, the last time at {MOMENT}")
    for hours in (-2, -1):
        make_take(contest, as_of=datetime.fromisoformat(MOMENT) + timedelta(hours=hours))
    deciding = read_takes(contest).remembered()
    request = ProjectionRequest.of(as_of=MOMENT, previous=deciding.path if deciding else None)
    projection = project_contest(contest, request)
    write_take(contest, projection, read_takes(contest))
    click.echo("3/3 making the report")
    with spinner("running the notebook"):
        page = render(contest, language=lang, parameters=request.parameters())
    first, *rest = projection_summary(projection)
    click.secho(first, bold=True)
    for line in rest:
        click.echo(line)
    click.echo(f"page: {page.path.resolve()}")
