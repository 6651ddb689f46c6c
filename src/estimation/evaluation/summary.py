"""An evaluation in a few lines, for a terminal."""

from collections.abc import Mapping
from typing import Any

_PARTS = {
    "recording": "recording: returns against official counts of the same TPS",
    "early": "early returns: TPS that were not in, or kept out",
    "sampling": "sampling: the TPS that were drawn against all of the frame",
    "frame": "frame: TPS of the frame against all official ones",
}


def evaluation_summary(document: Mapping[str, Any], names: Mapping[int, str]) -> list[str]:
    """Say the miss of every share and of the lead, what it is made of, and how often intervals held.

    Parameters
    ----------
    document : mapping
        ``evaluation.json``.
    names : mapping of int to str
        The candidates, by their numbers.
    """
    found = {one["name"]: one for one in document["quantities"]}
    lead, sample, official = found["lead"], document["sample"], document["official"]
    when = f" as of {document['as_of']}" if document["as_of"] else ""
    lines = [f"{document['contest']}{when}: {_verdict(lead)}"]
    lines.append(
        f"{sample['used']} of {sample['drawn']} stations used; {official['stations']} official stations, "
        f"{official['not_in_frame']} not in the frame, {official['frame_without']} of the frame missing"
    )
    for name, one in found.items():
        label = names[int(name[6:])] if name.startswith("share:") else name
        if one["estimate"] is not None and one["official"] is not None:
            lines.append(f"  {label}: {_points(one)}")
    if document["split"]["why"]:
        lines.append(f"  the miss could not be split: {document['split']['why']}")
    else:
        lines.append("the miss of the lead, in points:")
        lines += [f"  {_signed(lead['split'][part])}  {text}" for part, text in _PARTS.items()]
    for one in document["coverage"][:1]:
        held = [share["held"] for share in document["coverage"]]
        if one["judged"]:
            said = ", ".join(f"{names[int(c['name'][6:])]} {c['held']}" for c in document["coverage"][: len(held)])
            lines.append(f"areas whose interval held, of {one['judged']}: {said}")
    takes = [next(q for q in take["quantities"] if q["name"] == "lead")["held"] for take in document["takes"]]
    judged = [held for held in takes if held is not None]
    if judged:
        wrong = sum(take["call"]["right"] is False for take in document["takes"])
        lines.append(f"takes whose interval of the lead held: {sum(judged)} of {len(judged)}; wrong calls: {wrong}")
    if document["refused"]:
        lines.append(f"files that are no takes of this contest: {len(document['refused'])}")
    record = document["recording"]
    lines.append(f"returns that differ from the official count: {record['differing']} of {record['compared']} compared")
    return lines


def _verdict(lead: Mapping[str, Any]) -> str:
    if lead["held"] is None:
        return "nothing was projected"
    z = "" if lead["z"] is None else f" ({lead['z']:+.1f} standard errors)"
    said = "held" if lead["held"] else "missed"
    return f"the interval of the lead {said} the official result, a miss of {_signed(lead['miss'])} points{z}"


def _points(one: Mapping[str, Any]) -> str:
    said = "" if one["held"] is None else ", held" if one["held"] else ", missed"
    return (
        f"{100 * one['estimate']:.2f} ({100 * one['low']:.2f} to {100 * one['high']:.2f}), official "
        f"{100 * one['official']:.2f}: {_signed(one['miss'])}{said}"
    )


def _signed(value: float | None) -> str:
    return "    –" if value is None else f"{100 * value:+.2f}"
