"""``quickcount assign``."""

from pathlib import Path

import click

from estimation.cli.options import contest_argument, emit, json_option, request_option, say


@click.command()
@contest_argument
@click.option(
    "--by",
    type=click.Choice(["village", "district", "regency", "officer"]),
    help="One sheet for each; by default officer where out/officers.csv is, else village.",
)
@request_option("sample")
@click.option("--lang", type=click.Choice(["id", "en"]), help="Language; by default the contest's.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder; by default out/assignments.")
@json_option
def assign(
    contest: Path,
    by: str | None,
    sample: Path | None,
    lang: str | None,
    out: Path | None,
    json_file: str | None,
) -> None:
    """Write a sheet for each officer or village: which TPS, when, what to send and how.

    The file assignments.csv holds all, sheets/ one CSV a sheet, assignments.xlsx a worksheet a district, and
    the HTML page is to be printed. out/officers.csv (columns officer and tps_id, or officer and
    village with the levels above it) says who goes where.
    """
    from estimation.contest import load_contest
    from estimation.publish.sheets import write_sheets
    from estimation.sampling.assign import assign as share_out

    assignments = share_out(load_contest(contest), by, sample)
    written = write_sheets(assignments, lang, out)
    emit(
        {
            "schema": "assignments/1",
            "by": assignments.by,
            "stations": len(assignments),
            "sample_sha256": assignments.sample_sha256,
            "sheets": [{"code": s.code, "area": list(s.area), "stations": len(s.rows)} for s in assignments.sheets],
        },
        json_file,
    )
    say(f"{len(assignments)} stations on {len(assignments.sheets)} sheets, by {assignments.by}", json_file, bold=True)
    say(f"page:     {written.page}\nworkbook: {written.workbook}\ntable:    {written.table}", json_file)
