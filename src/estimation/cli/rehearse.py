"""``quickcount rehearse``."""

from pathlib import Path

import click

from estimation.cli.options import contest_argument, emit, json_option, request_option, say, time_option


@click.command()
@contest_argument
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), help="A new folder, for the rehearsal alone.")
@click.option("--seed", metavar="TEXT", help="The same seed rehearses the same evening; by default [design] seed.")
@click.option(
    "--arrival",
    default="log-logistic",
    show_default=True,
    help="Order of arrival: random, a column of the official file, or a model: size, distance, area, village, "
    "missing=0.15, adverse=0.1, log-logistic.",
)
@click.option("--faults", "scale", type=float, default=1.0, show_default=True, help="Times the rates: 0 none, 2 twice.")
@click.option(
    "--rate",
    "rates",
    multiple=True,
    metavar="KIND=RATE",
    help="One rate instead of its default, e.g. misread=0.02; may be given again.",
)
@click.option(
    "--files",
    type=click.Choice(["minute", "quarter", "village"]),
    default="minute",
    show_default=True,
    help="A new file for each minute or quarter of an hour, or one for each village that its officer adds to.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0),
    default=0.0,
    show_default="all at once",
    help="1 as it was on the night, 60 an hour in a minute.",
)
@click.option("--grade", "only_grade", is_flag=True, help="Play nothing: grade the rehearsal that stands in CONTEST.")
@request_option("as_of")
@json_option
def rehearse(
    contest: Path,
    to: Path | None,
    seed: str | None,
    arrival: str,
    scale: float,
    rates: tuple[str, ...],
    files: str,
    speed: float,
    only_grade: bool,
    as_of: str | None,
    json_file: str | None,
) -> None:
    """Play an evening with faults into a folder of its own, and grade what was caught (gladi).

    CONTEST is never touched. Its result is the official one, or one imagined around its baseline. While the evening
    is played, work on the folder as on the night: watch it, project, report. Afterwards --grade looks again.
    """
    from estimation.cli.progress_bar import bar
    from estimation.contest import load_contest
    from estimation.night import grade, play, prepare_rehearsal
    from estimation.night.grade import grade_document, grade_summary, write_grade
    from estimation.simulation.faults import Faults

    opened = load_contest(contest)
    if only_grade == (to is not None):
        raise click.UsageError("give --to FOLDER to play a rehearsal, or --grade to grade the one in CONTEST")
    if to is not None:
        rehearsal = prepare_rehearsal(
            opened, to, seed=seed, arrival=arrival, faults=Faults().scale(scale).change(_rates(rates)), by=files
        )
        opened = rehearsal.contest
        if rehearsal.imagined:
            say("the contest has no official result yet: one was imagined around its baseline", json_file)
        say(f"playing {len(rehearsal.script.events)} writings of files into {rehearsal.inbox}", json_file)
        with bar("the evening") as progress:
            play(rehearsal.script, rehearsal.inbox, speed=speed, progress=progress)
    graded = grade(opened, time_option(as_of))
    write_grade(graded)
    emit(grade_document(graded), json_file)
    first, *rest = grade_summary(graded)
    say(first, json_file, bold=True)
    for line in rest:
        say(line, json_file)
    say(f"fault by fault: {opened.out / 'rehearsal' / 'graded.csv'}", json_file)


def _rates(given: tuple[str, ...]) -> dict[str, float]:
    """Read KIND=RATE."""
    rates = {}
    for text in given:
        name, _, value = text.partition("=")
        try:
            rates[name.strip()] = float(value)
        except ValueError as error:
            raise click.UsageError(f"--rate '{text}' is no rate: write it like misread=0.02") from error
    return rates
