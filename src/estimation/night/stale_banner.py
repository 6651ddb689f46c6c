"""Says on a page how old it is, while no newer one can be made."""

from datetime import datetime, timedelta
from pathlib import Path

from estimation.files import write_text
from estimation.publish.pagefile import with_stale_line, without_stale_line
from estimation.words import Words

_STYLE = (
    "margin:0;padding:8px 16px;text-align:center;font-size:15px;line-height:1.35;font-weight:700;"
    "background:#a3201d;color:#fff"
)


def add(page: Path, words: Words, *, made: datetime, since: datetime, now: datetime) -> None:
    """Put a line at the head of a page: how old it is, and since when no newer one could be made.

    The page is rewritten whole or not at all; a line that is there already is replaced.

    Parameters
    ----------
    made, since, now : datetime
        When the page was made, since when nothing newer could be, and the present, on the contest's clock.
    """
    text = words("watch.old", now=words.moment(now), age=age(words, now - made), since=words.moment(since))
    write_text(page, with_stale_line(page.read_text(encoding="utf-8"), text, _STYLE))


def remove(page: Path) -> None:
    """Take the line away; a page without one is not touched."""
    text = page.read_text(encoding="utf-8")
    plain = without_stale_line(text)
    if plain != text:
        write_text(page, plain)


def age(words: Words, since: timedelta) -> str:
    """Write an age in hours and minutes."""
    hours, minutes = divmod(max(0, int(since.total_seconds() // 60)), 60)
    return words("watch.age_hours", hours=hours, minutes=minutes) if hours else words("watch.age", minutes=minutes)
