"""A sampling design as one object, and the draw."""

from dataclasses import dataclass

from estimation.contest import Contest
from estimation.errors import DesignError
from estimation.frame import Frame
from estimation.sampling import selection
from estimation.sampling.allocation import proportional
from estimation.sampling.sample import Sample
from estimation.sampling.strata import Strata, coarser, strata_by
from estimation.seeds import generator
from estimation.survey.structure import IntArray


@dataclass(frozen=True, slots=True)
class Design:
    """How a sample is drawn.

    Attributes
    ----------
    n : int
        Stations to draw.
    strata : str
        Frame columns, joined by commas.
    allocation, method : str
    minimum : int
        The least number of stations in a stratum.
    seed : str
        Any text: a number, dice.
    """

    n: int
    strata: str = "district"
    allocation: str = "proportional"
    method: str = "stratified"
    minimum: int = 2
    seed: str = "1"


def design_of(contest: Contest, **changes: int | str | None) -> Design:
    """Take the design of ``[design]`` in ``contest.toml``, with what the caller changes."""
    table = contest.design
    values = {name: getattr(table, name) for name in ("n", "strata", "allocation", "method", "minimum", "seed")}
    values |= {name: value for name, value in changes.items() if value is not None}
    design = Design(**{**values, "seed": str(values["seed"])})
    if design.method != "stratified":
        raise DesignError(f"method '{design.method}' is unknown: known is stratified")
    if design.allocation != "proportional":
        raise DesignError(f"allocation '{design.allocation}' is unknown: known is proportional")
    return design


def allocate(frame: Frame, design: Design, strata: Strata) -> IntArray:
    """Allocate the design's n to strata.

    Raises
    ------
    DesignError
        It does not fit; the message names the coarser columns whose strata do.
    """
    try:
        return proportional(design.n, strata.size, design.minimum)
    except DesignError as error:
        if design.n > len(frame):
            raise
        fitting = [(name, count) for name, count in coarser(frame, design.n, design.minimum)]
        advice = ", ".join(f"{name} ({count} strata)" for name, count in fitting) or "none"
        raise DesignError(
            f"strata '{design.strata}': {error}. Columns of the frame that n = {design.n} can serve: {advice}; "
            f"or draw more stations"
        ) from error


def draw(frame: Frame, design: Design) -> Sample:
    """Draw a sample.

    Raises
    ------
    FrameError
        A stratification column is not in the frame.
    DesignError
        n does not fit the strata.
    """
    strata = strata_by(frame, design.strata)
    allocation = allocate(frame, design, strata)
    rows = selection.stratified(strata.codes, allocation, generator(design.seed, "draw"))
    probability = (allocation / strata.size)[strata.codes[rows]]
    return Sample(rows, probability, strata, design.method)
