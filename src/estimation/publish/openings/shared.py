"""What the opening of every kind of report shares: the demo, and what a notebook tells its page."""

import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from estimation.contest import load_contest
from estimation.errors import ReportError
from estimation.files import to_json, write_text
from estimation.projection import project, write_take
from estimation.publish.pages import SUMMARY
from estimation.simulation.showcase import MOMENT, lay_out


def demo_folder() -> str:
    """Lay the demo of Situbondo 2024 out in a new folder."""
    return str(lay_out("situbondo-2024", Path(tempfile.mkdtemp(prefix="quickcount-demo-"))))


def demo_night(contest: str, first: int, last: int) -> Path | None:
    """Write a take of the demo's evening every hour around its moment, each knowing of the one before.

    Returns
    -------
    pathlib.Path or None
        The last one.
    """
    opened, before = load_contest(contest), None
    middle = datetime.fromisoformat(MOMENT)
    for hours in range(first, last + 1):
        before = write_take(project(opened, as_of=middle + timedelta(hours=hours), previous=before))
    return before


def moment_of(name: str, text: str) -> datetime | None:
    """Read the parameter of a notebook that is a moment; a blank one is none.

    Raises
    ------
    ReportError
        It has no UTC offset.
    """
    moment = datetime.fromisoformat(text) if text else None
    if moment is not None and moment.tzinfo is None:
        raise ReportError(f"{name} '{text}' has no UTC offset: write it like {MOMENT}")
    return moment


def summarise(
    folder: str, report: str, headline: str, warnings: int, inputs: Mapping[str, str | None] | None = None
) -> None:
    """Write what a notebook tells its page.

    Parameters
    ----------
    folder : str
    report : str
        What kind of report this is, in the page's language.
    headline : str
        The contest and the finding.
    warnings : int
    inputs : mapping, optional
        What the numbers come from, by name: SHA-256, seed; they go into the page's manifest.
    """
    told = {"report": report, "headline": headline, "warnings": warnings, "inputs": dict(inputs or {})}
    write_text(Path(folder) / SUMMARY, to_json(told))
