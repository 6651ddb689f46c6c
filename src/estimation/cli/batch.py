"""``quickcount batch``."""

from pathlib import Path

import click

from estimation.cli.options import emit, json_option, request_option, say, time_option


@click.command()
@click.argument("root", type=click.Path(path_type=Path))
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="An existing Dask cluster instead, tcp://host:8786; its workers must see ROOT at the same path.",
)
@click.option("--pages", is_flag=True, help="Make the pages too, of the contests whose input or release changed.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(["projection", "evaluation"]),
    help="Which pages; may be given again; projection by default.",
)
@click.option(
    "--lang",
    "languages",
    multiple=True,
    type=click.Choice(["id", "en"]),
    help="Of the pages, may be given again, and of the overview, the first; by default the contests' own.",
)
@request_option("as_of")
@request_option("estimator")
@json_option
def batch(
    root: Path,
    workers: int,
    cluster: str | None,
    pages: bool,
    kinds: tuple[str, ...],
    languages: tuple[str, ...],
    as_of: str | None,
    estimator: str | None,
    json_file: str | None,
) -> None:
    """Project every contest under ROOT that changed, and list all on one page.

    A contest is a folder with contest.toml. One whose files and returns are what they were is passed over. The
    overview is internal/overview.html, with CSV and JSON beside it; when all its contests may be published, also
    overview.html in ROOT itself.

    One that fails is reported and never stops the others. Exit status: 0 where all went well, 1 where any contest or
    page failed, after all else was done.
    """
    from estimation.cli.progress_bar import bar
    from estimation.night.batch import batch as run
    from estimation.night.batch import batch_document, batch_summary
    from estimation.night.batch_job import Asked

    if kinds and not pages:
        raise click.UsageError("--kind says which pages: give --pages too")
    done = run(
        root,
        Asked(time_option(as_of), estimator),
        workers=workers,
        cluster=cluster,
        kinds=(kinds or ("projection",)) if pages else (),
        languages=languages,
        shown=bar,
    )
    emit(batch_document(done), json_file)
    first, *rest = batch_summary(done)
    say(first, json_file, bold=True)
    for line in rest:
        say(line, json_file)
    for path in done.overview.pages:
        say(f"overview: {path}", json_file)
    if done.failed:
        raise click.exceptions.Exit(1)
