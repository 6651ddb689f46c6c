"""What was fitted, in words, as ``[estimate]`` and as JSON."""

import numpy as np

from estimation.simulation.fit.past_night import ConstantValues
from estimation.simulation.fit.search import Fitted


def snippet(fitted: Fitted, version: str) -> str:
    """Write the constants as ``[estimate]`` of ``contest.toml`` takes them, with what they rest on.

    Where they don't beat the defaults beyond chance on what was left out they are commented out: a few quiet nights
    make a bias of zero look best, until a night that is not quiet.
    """
    what = f"{fitted.nights} past night" + ("s" if fitted.nights > 1 else "")
    lines = [f"# Fitted to {what} by `quickcount backtest --fit`, version {version}."]
    lines += [f"# {line}" for line in fit_verdict(fitted)]
    lines.append("[estimate]")
    for name, value in fitted.point.table.items():
        text = f"[{value[0]:g}, {value[1]:g}]" if isinstance(value, tuple) else f"{value:g}"
        lines.append(("" if fitted.better else "# ") + f"{name} = {text}" + _range_text(fitted, name))
    return "\n".join(lines) + "\n"


def _range_text(fitted: Fitted, name: str) -> str:
    if fitted.ranges is None:
        return "  # one night: nothing says how sure this is"
    low, high = fitted.ranges[name]
    if name == "phi":
        return f"  # the default pair times {low:g} … {high:g} can't be told apart"
    return f"  # {low:g} … {high:g} can't be told apart"


def fit_verdict(fitted: Fitted) -> list[str]:
    """Say in lines what was found and whether to use it."""
    lines = [
        f"interval score {fitted.score:.3f} of the defaults' on the nights fitted to; coverage "
        f"{fitted.coverage:.1%}, of the defaults {fitted.default_coverage:.1%}"
    ]
    if not fitted.left_out:
        return [*lines, "one night only, nothing could be left out: keep the defaults until there are more"]
    own, default = (
        np.mean([getattr(one, name) for one in fitted.left_out]) for name in ("coverage", "default_coverage")
    )
    lines.append(
        f"leaving out each {fitted.by} in turn: score {fitted.left_out_score:.3f} of the defaults', "
        f"coverage {own:.1%}, of the defaults {default:.1%}"
    )
    if fitted.by == "area":
        lines.append("one election only: its areas are alike, so that this flatters")
    better = "better than the defaults beyond chance where left out: use them"
    lines.append(
        better if fitted.better else "not better than the defaults beyond chance where left out: keep the defaults"
    )
    return lines


def fit_document(fitted: Fitted, version: str) -> dict[str, object]:
    """Lay the fitted constants and their scores out as JSON holds them, schema ``fit/1``."""
    return {
        "schema": "fit/1",
        "estimate": _values(fitted.point),
        "ranges": None if fitted.ranges is None else {name: list(ends) for name, ends in fitted.ranges.items()},
        "nights": fitted.nights,
        "score": round(fitted.score, 6),
        "coverage": round(fitted.coverage, 6),
        "default_coverage": round(fitted.default_coverage, 6),
        "left_out_by": fitted.by if fitted.left_out else None,
        "left_out_score": round(fitted.left_out_score, 6) if fitted.left_out else None,
        "left_out": [
            {
                fitted.by: one.name,
                "estimate": _values(one.point),
                "score": round(one.score, 6),
                "coverage": round(one.coverage, 6),
                "default_coverage": round(one.default_coverage, 6),
            }
            for one in fitted.left_out
        ],
        "better": fitted.better,
        "version": version,
    }


def _values(point: ConstantValues) -> dict[str, object]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in point.table.items()}
