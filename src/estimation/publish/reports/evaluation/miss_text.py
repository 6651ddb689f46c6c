"""Misses as a page writes them: signed, in points and in standard errors, held or not."""

import math

from estimation.contest import Contest
from estimation.evaluation.errors_vs_official import ErrorVsOfficial
from estimation.words import Words


def signed(w: Words, value: float) -> str:
    """Write a difference of shares in percentage points, two decimals, with its sign."""
    text = w.decimal(100 * value, 2)
    return f"+{text}" if round(100 * value, 2) > 0 else text


def signed_count(w: Words, value: int) -> str:
    """Write a difference of counts with its sign."""
    return f"+{w.whole(value)}" if value > 0 else w.whole(value)


def deviate_text(w: Words, one: ErrorVsOfficial) -> str:
    """Write a miss in standard errors."""
    text = w.decimal(one.z)
    return f"+{text}" if round(one.z, 1) > 0 else text


def says_deviate(w: Words, one: ErrorVsOfficial) -> str:
    """Say a miss in standard errors, after a comma; nothing where there are none."""
    return w("evaluation.z", z=deviate_text(w, one)) if math.isfinite(one.z) else ""


def interval(w: Words, one: ErrorVsOfficial) -> str:
    """Write an interval in percent or points; a dash where there is none."""
    return f"{w.points(one.low)} – {w.points(one.high)}" if math.isfinite(one.low + one.high) else "–"


def said_held(w: Words, one: ErrorVsOfficial) -> str:
    """Say whether the interval held the official value."""
    return "–" if one.held is None else w("evaluation.yes" if one.held else "evaluation.no")


def label_of(contest: Contest, number: int | None) -> str:
    """Name a candidate by his number; a dash for nobody."""
    return next((c.label for c in contest.candidates if c.number == number), "–")


def tick(w: Words, value: float) -> str:
    """Write a value of an axis with as many decimals as it has, two at most."""
    return w.decimal(value, next((d for d in (0, 1) if math.isclose(value, round(value, d), abs_tol=1e-9)), 2))
