"""``quickcount evaluate``."""

import json
from pathlib import Path

import click

from estimation.cli.options import (
    as_of_option,
    contest_argument,
    emit,
    json_option,
    level_option,
    moment,
    returns_option,
    sample_option,
    say,
    where_option,
)


@click.command()
@contest_argument
@click.option(
    "--official",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The official result by station; by default the contest's.",
)
@sample_option
@returns_option
@as_of_option
@click.option("--estimator", metavar="NAME", help="multilevel, ratio, calibrated, …; by default the contest's.")
@level_option
@where_option
@click.option(
    "--takes",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The folder of the night's takes; by default out/takes.",
)
@click.option("--lang", type=click.Choice(["id", "en"]), help="Language of the page; by default the contest's.")
@click.option("--page/--no-page", default=True, show_default=True, help="Make the report as a page.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder; by default out/reports or out/internal."
)
@json_option
def evaluate(
    contest: Path,
    official: Path | None,
    sample_file: Path | None,
    returns_path: Path | None,
    as_of: str | None,
    estimator: str | None,
    level: float | None,
    where: str | None,
    takes: Path | None,
    lang: str | None,
    page: bool,
    out: Path | None,
    json_file: str | None,
) -> None:
    """Hold the projection and every take of its night against the official result.

    The miss of each share and of the lead is split into recording error (returns against official counts of the same
    TPS), early-return error, sampling error and frame error, which add up to it. evaluation.json and CSV tables are
    written beside the page.
    """
    from estimation.cli.progress import spinner
    from estimation.cli.report import tell_page
    from estimation.contest import load_contest
    from estimation.evaluation.summary import headline
    from estimation.publish.release import place

    opened, at = load_contest(contest), moment(as_of)
    made = None
    if page:
        from estimation.publish import render

        files = {"official": official, "sample": sample_file, "returns": returns_path, "takes": takes}
        given = {"as_of": as_of or "", "estimator": estimator or "", "level": level or 0.0, "where": where or ""}
        with spinner("running the notebook"):
            made = render(
                opened,
                kind="evaluation",
                language=lang,
                out=out,
                parameters={**{name: str(path.resolve()) if path else "" for name, path in files.items()}, **given},
            )
        folder = made.path.parent
    else:
        from estimation.evaluation import evaluate as compute
        from estimation.evaluation import write_evaluation

        found = compute(
            opened,
            official=official,
            sample_path=sample_file,
            returns_path=returns_path,
            as_of=at,
            level=level,
            where=where,
            takes=takes,
            estimate={"estimator": estimator},
        )
        folder = place(opened).into(out)
        write_evaluation(found, folder)
    written = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    emit(written, json_file)
    first, *rest = headline(written, {candidate.number: candidate.label for candidate in opened.candidates})
    say(first, json_file, bold=True)
    for line in rest:
        say(line, json_file)
    say(f"evaluation: {folder / 'evaluation.json'}", json_file)
    if made is not None:
        tell_page(made, json_file)
