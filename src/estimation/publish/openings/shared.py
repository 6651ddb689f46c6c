"""What the opening of every kind of report shares: the demo, and what a notebook tells its page."""

import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from estimation.contest import load_contest
from estimation.files import to_json, write_text
from estimation.projection import make_take
from estimation.publish.pages import SUMMARY
from estimation.simulation.showcase import MOMENT, lay_out


def demo_folder() -> str:
    """Lay the demo of Situbondo 2024 out in a new folder."""
    return str(lay_out("situbondo-2024", Path(tempfile.mkdtemp(prefix="quickcount-demo-"))))


def demo_night(contest: str, first: int, last: int) -> None:
    """Write a take of the demo's evening every hour around its moment, as a watch would have."""
    opened = load_contest(contest)
    for hours in range(first, last + 1):
        make_take(opened, as_of=datetime.fromisoformat(MOMENT) + timedelta(hours=hours))


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
