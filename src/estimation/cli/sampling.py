"""``quickcount draw`` and ``quickcount verify``."""

import json
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import click

from estimation.cli.options import (
    contest_argument,
    emit,
    json_option,
    leave,
    request_option,
    say,
    strict_option,
)


def _columns(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    """Split column names at commas."""
    return None if value is None else tuple(name.strip() for name in value.split(",") if name.strip())


_DESIGN = (
    click.option("--n", type=click.IntRange(min=1), help="Stations to draw."),
    click.option(
        "--method",
        metavar="NAME",
        help="How stations are drawn: simple, stratified, systematic, pps-systematic, sampford, max-entropy, "
        "pivotal, cube, local-cube, two-stage.",
    ),
    click.option(
        "--strata",
        metavar="COLUMNS",
        help="Frame columns, joined by commas; 'district' is the area's whole path. 'baseline_1/3' cuts a number into "
        "three classes, 'baseline_1/3lh' by Lavallée and Hidiroglou; 'registered?' draws stations without one apart.",
    ),
    click.option("--merge", type=click.IntRange(min=0), help="Join strata of fewer stations with a neighbour."),
    click.option(
        "--allocation",
        metavar="NAME",
        help="How n is shared among the strata: proportional, registered, equal, neyman, power, optimal (by cost), "
        "bethel (by [design] targets).",
    ),
    click.option("--minimum", type=click.IntRange(min=1), help="The least number of stations in a stratum."),
    click.option("--maximum", type=click.IntRange(min=1), help="The most stations in a stratum."),
    click.option("--cost", metavar="COLUMN", help="The cost of each station, for allocation optimal."),
    click.option("--cost-station", type=click.FloatRange(0), help="What every station costs, where no column says it."),
    click.option("--cost-village", type=click.FloatRange(0), help="What going to a village costs."),
    click.option("--sort", metavar="COLUMNS", help="The order of the list that systematic and pivotal draws follow."),
    click.option("--measure", metavar="COLUMN", help="What probabilities are proportional to, e.g. registered."),
    click.option("--balance", metavar="COLUMNS", callback=_columns, help="Columns whose totals a cube draw meets."),
    click.option("--spread", metavar="COLUMNS", callback=_columns, help="Columns in which a draw is well spread."),
    click.option("--cluster", metavar="COLUMN", help="The primary units of a two-stage draw."),
    click.option("--per-cluster", type=click.IntRange(min=1), help="Stations drawn in each primary unit."),
    click.option("--reserve", type=click.FloatRange(min=0), help="Replacements, as a part of the drawn, e.g. 0.1."),
    click.option(
        "--order",
        type=click.Choice(["random", "sha256"]),
        help="sha256: by tickets that another program can check, for simple and stratified draws.",
    ),
)


def design_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that change ``[design]``; their names are those of the design's parts."""
    return reduce(lambda inner, option: option(inner), reversed(_DESIGN), command)


@click.command()
@contest_argument
@design_options
@click.option("--seed", metavar="TEXT", help="Any number or text; the same seed draws the same sample.")
@click.option(
    "--commit",
    is_flag=True,
    help="Draw nothing yet: fix frame and design by their hash, before a public random number is known.",
)
@request_option("where")
@json_option
@strict_option
def draw(
    contest: Path,
    seed: str | None,
    commit: bool,
    where: str | None,
    json_file: str | None,
    strict: bool,
    **changes: Any,
) -> None:
    """Draw the sample: out/sample.csv and out/manifest.json.

    What isn't given is taken from [design] in contest.toml. A different sample that stands there is
    kept beside the new one under its hash.

    So that nobody can say the stations were picked: run it with --commit, publish the words that
    it prints, then draw with --seed and the public random number. 'quickcount verify' checks it.
    """
    from estimation.contest import load_contest
    from estimation.frame import load_frame
    from estimation.sampling import design_of, write_draw
    from estimation.sampling import draw as draw_sample
    from estimation.sampling.draw_manifest import check_commitment, write_commitment

    if commit and seed is not None:
        raise click.UsageError("--commit goes without --seed: a commitment comes before the random number is known")
    opened = load_contest(contest)
    frame = load_frame(opened, where)
    design = design_of(opened, **changes, seed=seed)
    if commit:
        draw_sample(frame, design)  # a design that can't be drawn is not worth committing to
        path, commitment = write_commitment(opened, frame, design)
        emit(commitment, json_file)
        say(str(commitment["publish"][opened.report.language]), json_file, bold=True)
        say(f"commitment: {path}", json_file)
        if (opened.out / "sample.csv").is_file():
            say("a sample is drawn already (out/sample.csv): this commitment proves nothing about it", json_file)
        leave(len(frame.findings), strict)
        return
    if check_commitment(opened, frame, design) is not None and seed is None:
        raise click.UsageError("a design is committed (out/commitment.json): give the public random number with --seed")
    sample = draw_sample(frame, design)
    sample_path, manifest_path = write_draw(opened, frame, design, sample)
    manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
    emit(manifest, json_file)
    within = f" in {len(sample.strata.labels)} strata ({design.strata})" if design.strata else ""
    by = "" if design.method == "stratified" else f" by {design.method}"
    say(
        f"{len(sample)} of {len(frame)} stations drawn{within}{by}, seed {design.seed}",
        json_file,
        bold=True,
    )
    say(f"sample:   {sample_path}\nmanifest: {manifest_path}", json_file)
    for note in sample.notes:
        say(f"{note.code}: {note.text}", json_file)
    if "commitment" in manifest:
        say(f"as committed: {manifest['commitment']}", json_file)
    leave(len(frame.findings) + len(sample.notes), strict)


@click.command()
@contest_argument
@request_option("sample")
@json_option
@strict_option
def verify(contest: Path, sample: Path | None, json_file: str | None, strict: bool) -> None:
    """Draw again from frame and manifest, and compare with out/sample.csv.

    Exit status 0 when the same stations come out with the same weights, 1 when anything differs.
    """
    from estimation.contest import load_contest
    from estimation.sampling.verify_draw import verify as repeat

    found = repeat(load_contest(contest), sample)
    emit(found.document(), json_file)
    if found.same:
        say(f"the same {found.stations} stations come out with seed '{found.seed}'", json_file, bold=True)
        say(f"frame:  {found.frame_sha256}\nsample: {found.sample_sha256}", json_file)
        if found.commitment:
            say(f"commitment: {found.commitment}", json_file)
    else:
        say(f"this is not the sample that seed '{found.seed}' gives:", json_file, bold=True)
    for line in found.differences:
        say(f"  {line}", json_file)
    for line in found.notes:
        say(f"note: {line}", json_file)
    if not found.same:
        raise click.exceptions.Exit(1)
    leave(len(found.notes), strict)
