"""Before the day: strata, allocation, the draw, and the files that prove it."""

from estimation.sampling.allocation import proportional
from estimation.sampling.apply_design import strata_for
from estimation.sampling.design import Design, design_of
from estimation.sampling.draw import draw
from estimation.sampling.draw_manifest import manifest_of, write_draw
from estimation.sampling.sample import Sample, ask_all, sample_of
from estimation.sampling.sample_file import read_sample
from estimation.sampling.strata import Strata, strata_by

__all__ = [
    "Design",
    "Sample",
    "Strata",
    "ask_all",
    "design_of",
    "draw",
    "manifest_of",
    "proportional",
    "read_sample",
    "sample_of",
    "strata_by",
    "strata_for",
    "write_draw",
]
