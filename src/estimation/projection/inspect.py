"""Looks through a contest folder for everything that is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from estimation.boundaries import load_boundaries
from estimation.contest import Contest
from estimation.frame import Frame, load_frame
from estimation.projection.inputs import open_sample
from estimation.returns import read_returns, resolve
from estimation.rules import Findings
from estimation.sampling import ask_all
from estimation.tables import find_table


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found, part by part.

    Attributes
    ----------
    contest : Contest
    frame : Frame
    parts : mapping of str to Findings
        ``frame``, ``sample``, ``official``, ``returns``: those that exist.
    outlines : mapping of str to (int, int)
        By each area level that ``boundaries.geojson`` names: areas of the frame with an outline, and all of them.
    """

    contest: Contest
    frame: Frame
    parts: Mapping[str, Findings]
    outlines: Mapping[str, tuple[int, int]]

    @property
    def headline(self) -> str:
        """One line on the contest."""
        levels = ", ".join(
            f"{name} {len(self.frame.areas(level).paths)}"
            for level, name in (("regency", "regencies"), ("district", "districts"), ("village", "villages"))
        )
        voters = self.frame.registered
        return (
            f"{self.contest.about.title}: {len(self.contest.candidates)} candidates, {len(self.frame):,} stations; "
            f"{levels}; {voters[voters > 0].sum():,.0f} registered voters"
        )

    @property
    def errors(self) -> int:
        """Errors in the returns; those in other files stop before."""
        return len(self.parts["returns"].errors) if "returns" in self.parts else 0

    def document(self) -> dict[str, object]:
        """All findings as ``check --json`` writes them."""
        return {
            "schema": "check/1",
            "contest": self.contest.about.id,
            "stations": len(self.frame),
            "parts": {
                part: findings.table.astype(str).to_dict(orient="records") for part, findings in self.parts.items()
            },
            "outlines": {level: list(counts) for level, counts in self.outlines.items()},
        }


def inspect(contest: Contest, where: str | None = None) -> Inspection:
    """Read every file of a contest folder and gather what is wrong.

    Flaws of the official result are warnings, as it is the truth that there is.

    Raises
    ------
    EstimationError
        The contest, the frame, the sample or a file that ``contest.toml`` names can't be used.
    """
    frame = load_frame(contest, where)
    parts = {"frame": frame.findings}
    if (contest.out / "sample.csv").is_file():
        open_sample(contest, contest.out / "sample.csv", where)
        parts["sample"] = Findings.none()
    named = contest.official.path
    official = contest.folder / named if named else find_table(contest.folder, "official")
    if official is not None:
        parts["official"] = _returns(contest, frame, official)
    inbox = contest.folder / contest.returns.path
    if inbox.exists():
        parts["returns"] = _returns(contest, frame, inbox)
    return Inspection(contest, frame, parts, _outlines(contest, frame))


def _outlines(contest: Contest, frame: Frame) -> dict[str, tuple[int, int]]:
    """Count the areas that the boundaries have an outline of, level by level."""
    boundaries = load_boundaries(contest)
    if boundaries is None:
        return {}
    paths = {level: frame.areas(level).paths for level in boundaries.levels}
    return {level: (len(boundaries.outlines(level, areas)), len(areas)) for level, areas in paths.items()}


def _returns(contest: Contest, frame: Frame, path: Path) -> Findings:
    everything = ask_all(frame, "village")
    return resolve(contest, frame, read_returns(contest, path), everything.rows).findings
