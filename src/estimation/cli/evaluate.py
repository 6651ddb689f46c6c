"""``quickcount evaluate``."""

import json
from pathlib import Path

import click

from estimation.cli.options import contest_argument, emit, json_option, request_options, say
from estimation.contest import ProjectionRequest
from estimation.contest.request import FILES


@click.command()
@contest_argument
@click.option(
    "--official",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The official result by station; by default the contest's.",
)
@request_options
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
    request: ProjectionRequest,
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
    from estimation.cli.progress_bar import spinner
    from estimation.cli.report import tell_page
    from estimation.contest import load_contest
    from estimation.evaluation.summary import evaluation_summary
    from estimation.publish.release import place

    opened, made = load_contest(contest), None
    if page:
        from estimation.publish import render

        files = {"official": official, "takes": takes} | {name: getattr(request, name) for name in FILES}
        named = {name: str(path.resolve()) for name, path in files.items() if path is not None}
        with spinner("running the notebook"):
            made = render(opened, kind="evaluation", language=lang, out=out, parameters=request.parameters() | named)
        folder = made.path.parent
    else:
        from estimation.evaluation import evaluate as compute
        from estimation.evaluation import write_evaluation

        evaluation = compute(opened, request, official=official, takes=takes)
        folder = place(opened).into(out)
        write_evaluation(evaluation, folder)
    written = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    emit(written, json_file)
    first, *rest = evaluation_summary(written, {candidate.number: candidate.label for candidate in opened.candidates})
    say(first, json_file, bold=True)
    for line in rest:
        say(line, json_file)
    say(f"evaluation: {folder / 'evaluation.json'}", json_file)
    if made is not None:
        tell_page(made, json_file)
