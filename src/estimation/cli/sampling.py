"""``quickcount draw``."""

import json
from pathlib import Path

import click

from estimation.cli.options import (
    contest_argument,
    emit,
    json_option,
    leave,
    say,
    strict_option,
    where_option,
)


@click.command()
@contest_argument
@click.option("--n", type=click.IntRange(min=1), help="Stations to draw.")
@click.option(
    "--strata",
    metavar="COLUMNS",
    help="Frame columns, joined by commas; 'district' is the area's whole path.",
)
@click.option("--allocation", type=click.Choice(["proportional"]), help="How n is shared among the strata.")
@click.option("--method", type=click.Choice(["stratified"]), help="How stations are drawn.")
@click.option("--minimum", type=click.IntRange(min=1), help="The least number of stations in a stratum.")
@click.option("--seed", metavar="TEXT", help="Any number or text; the same seed draws the same sample.")
@where_option
@json_option
@strict_option
def draw(contest: Path, where: str | None, json_file: str | None, strict: bool, **changes: int | str | None) -> None:
    """Draw the sample: out/sample.csv and out/manifest.json.

    What isn't given is taken from [design] in contest.toml. A different sample that stands there is
    kept beside the new one under its hash.
    """
    from estimation.contest import load_contest
    from estimation.frame import load_frame
    from estimation.sampling import design_of, write_draw
    from estimation.sampling import draw as draw_sample

    opened = load_contest(contest)
    frame = load_frame(opened, where)
    design = design_of(opened, **changes)
    sample = draw_sample(frame, design)
    sample_path, manifest_path = write_draw(opened, frame, design, sample)
    emit(json.loads(manifest_path.read_text(encoding="utf-8")), json_file)
    say(
        f"{len(sample)} of {len(frame)} stations drawn in {len(sample.strata.labels)} strata ({design.strata}), "
        f"seed {design.seed}",
        json_file,
        bold=True,
    )
    say(f"sample:   {sample_path}\nmanifest: {manifest_path}", json_file)
    leave(len(frame.findings), strict)
