"""All that one moment of a contest is projected from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from estimation.contest import Contest
from estimation.decision import Call
from estimation.frame import Frame
from estimation.projection.quality import Quality
from estimation.returns import Counts, Resolution
from estimation.rules import Notice
from estimation.sampling import Sample


@dataclass(frozen=True, slots=True)
class Evening:
    """What a contest has at one moment: its frame, its sample, and what the sample's stations counted.

    Attributes
    ----------
    contest : Contest
    frame : Frame
    sample : Sample
    counts : Counts
        What the sample's stations counted, shape (n, …).
    resolution : Resolution
        What holds for each station.
    quality : Quality
        What became of the returns.
    provenance : mapping of str to str or None
        Hashes of the files, the seed, the program's version.
    previous : Call or None
        The verdict of the take before, where one is to be remembered.
    notices : tuple of Notice
        What a reader must know of how it was read.
    """

    contest: Contest
    frame: Frame
    sample: Sample
    counts: Counts
    resolution: Resolution
    quality: Quality
    provenance: Mapping[str, str | None]
    previous: Call | None = None
    notices: tuple[Notice, ...] = field(default=())
