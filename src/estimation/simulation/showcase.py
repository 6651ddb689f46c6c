"""Lays out a demo contest in a folder of its own, sample drawn and returns in."""

import shutil
from pathlib import Path

from estimation.contest import load_contest
from estimation.errors import EstimationError
from estimation.frame import load_frame
from estimation.resources import demo_contest
from estimation.sampling import design_of, draw, write_draw

MOMENT = "2024-11-27T18:30:00+07:00"  # of the demo's evening: about two thirds of the sample are in


def make_showcase(name: str, folder: Path) -> Path:
    """Copy a demo contest into ``folder/name`` and draw its sample; doing so twice changes nothing.

    Raises
    ------
    EstimationError
        There is no such demo, or another contest stands in that folder.
    """
    target = folder / name
    if (target / "contest.toml").is_file() and load_contest(target).about.id != name:
        raise EstimationError(f"{target}: another contest stands there: name another folder for the demo")
    shutil.copytree(demo_contest(name), target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("out"))
    contest = load_contest(target)
    frame = load_frame(contest)
    design = design_of(contest)
    write_draw(contest, frame, design, draw(frame, design))
    return target
