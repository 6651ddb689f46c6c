"""Says on a page how old it is, while no newer one can be made."""

import html
import re
from datetime import datetime, timedelta
from pathlib import Path

from estimation.files import write_text
from estimation.words import Words

_BEGIN = re.compile(r'<body[^>]*>\s*(?:<a class="skip".*?</a>)?', re.DOTALL)
_MARK = re.compile(r'\n<p class="aging".*?</p>', re.DOTALL)
_STYLE = (
    "margin:0;padding:8px 16px;text-align:center;font-size:15px;line-height:1.35;font-weight:700;"
    "background:#a3201d;color:#fff"
)


def mark_old(page: Path, words: Words, *, made: datetime, since: datetime, now: datetime) -> None:
    """Put a line at the head of a page: how old it is, and since when no newer one could be made.

    The page is rewritten whole or not at all; a line that stands there already is replaced.

    Parameters
    ----------
    made, since, now : datetime
        When the page was made, since when nothing newer could be, and the present, on the contest's clock.
    """
    text = _MARK.sub("", page.read_text(encoding="utf-8"))
    said = words("watch.old", now=words.moment(now), age=age(words, now - made), since=words.moment(since))
    line = f'\n<p class="aging" role="status" style="{_STYLE}">{html.escape(said)}</p>'
    write_text(page, _BEGIN.sub(lambda found: found[0] + line, text, count=1))


def unmark(page: Path) -> None:
    """Take the line away; a page without one is not touched."""
    text = page.read_text(encoding="utf-8")
    plain = _MARK.sub("", text)
    if plain != text:
        write_text(page, plain)


def age(words: Words, since: timedelta) -> str:
    """Write an age in hours and minutes."""
    hours, minutes = divmod(max(0, int(since.total_seconds() // 60)), 60)
    return words("watch.age_hours", hours=hours, minutes=minutes) if hours else words("watch.age", minutes=minutes)
