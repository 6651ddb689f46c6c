"""Where a contest's ledger is: told without opening it, so that nothing heavy is imported."""

import re

from estimation.contest import Contest

DEFAULT = "out/ledger.sqlite"
ENV = "env:"


def has_password(text: str) -> bool:
    """Tell whether a text is a URL with a password in it."""
    return bool(re.match(r"^[A-Za-z0-9+]+://[^/@\s]*:[^/\s]*@", text)) or "password=" in text


def uses_ledger(contest: Contest) -> bool:
    """Tell whether a contest keeps a ledger: it names one, or one was made by ``quickcount ingest``."""
    return contest.returns.ledger is not None or (contest.folder / DEFAULT).exists()
