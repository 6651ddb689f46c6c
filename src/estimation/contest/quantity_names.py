"""The names of what is estimated, everywhere the same: ``share:2``, ``lead``, ``turnout``, ``invalid``."""

LEAD, TURNOUT, INVALID = "lead", "turnout", "invalid"


def share_name(number: int) -> str:
    """Name the share of the candidate with this number on the ballot."""
    return f"share:{number}"
