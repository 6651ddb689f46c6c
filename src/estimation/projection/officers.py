"""What is in, what is out and what is kept out, officer by officer, or village by village."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from estimation.arrays import IntArray
from estimation.columns import AREA_LEVELS
from estimation.errors import EstimationError
from estimation.projection.compute_projection import Projection


@dataclass(frozen=True, slots=True)
class Duty:
    """The stations of one officer or village.

    Attributes
    ----------
    officer : str
        His code; of a village the codes that its returns carry, joined by commas.
    area : tuple of str
        The path that the stations share, from the province down.
    drawn, used, kept_out : int
        Stations asked, in and used, in and kept out.
    """

    officer: str
    area: tuple[str, ...]
    drawn: int
    used: int
    kept_out: int

    @property
    def out(self) -> int:
        """Stations not heard of."""
        return self.drawn - self.used - self.kept_out


@dataclass(frozen=True, slots=True)
class Roster:
    """Who owes what.

    Attributes
    ----------
    by : str
        ``officer`` or ``village``.
    duties : tuple of Duty
        In the order of the frame.
    trouble : str
        Why the officers' file can't be used; blank where it can, or is not there.
    """

    by: Literal["officer", "village"]
    duties: tuple[Duty, ...]
    trouble: str = ""


def roster(p: Projection, *, named: bool = True) -> Roster:
    """Sort the stations of the sample by who was to report them.

    Officers are those of ``out/officers.csv``. Where there is none, or it can't be used (which must not stop a
    night), villages take their place, with the codes of the officers who reported from there.

    Parameters
    ----------
    named : bool
        False for a page that is published: then no officer is named, and villages alone are told.
    """
    path, trouble = p.contest.out / "officers.csv", ""
    if named and path.is_file():
        from estimation.sampling.assign import read_officers

        try:
            codes, names = pd.factorize(pd.Series(read_officers(path, p.frame, p.sample.rows), dtype="str"))
            return Roster("officer", _duties(p, np.asarray(codes, dtype=np.intp), [str(name) for name in names]))
        except EstimationError as error:
            trouble = str(error)
    villages, _ = pd.factorize(p.frame.areas("village").codes[p.sample.rows], sort=True)
    codes = np.asarray(villages, dtype=np.intp)
    who = _reporters(p, codes) if named else [""] * (int(codes.max()) + 1)
    return Roster("village", _duties(p, codes, who), trouble)


def _duties(p: Projection, codes: IntArray, officers: list[str]) -> tuple[Duty, ...]:
    number = len(officers)
    counts = [np.bincount(codes, part, number).astype(int) for part in (None, p.counts.seen, p.counts.kept_out)]
    first, _ = _ends(p.sample.rows, codes, number)
    shared: list[tuple[str, ...]] = [()] * number
    for level in AREA_LEVELS:
        areas = p.frame.areas(level)
        low, high = _ends(areas.codes[p.sample.rows], codes, number)
        for i in np.flatnonzero(low == high):
            shared[i] = areas.paths[low[i]]
    return tuple(
        Duty(officers[i], shared[i], *(int(part[i]) for part in counts)) for i in np.argsort(first, kind="stable")
    )


def _ends(values: IntArray, codes: IntArray, number: int) -> tuple[IntArray, IntArray]:
    """Give the least and the largest value of each group, which has at least one."""
    low, high = np.full(number, np.iinfo(np.intp).max), np.full(number, -1)
    np.minimum.at(low, codes, values)
    np.maximum.at(high, codes, values)
    return low, high


def _reporters(p: Projection, codes: IntArray) -> list[str]:
    """Name who reported from each village, by the codes in the returns."""
    held = p.resolution.rows
    place = np.full(len(p.frame), -1, dtype=np.intp)
    place[p.sample.rows] = codes
    of_village: list[set[str]] = [set() for _ in range(int(codes.max()) + 1)]
    for village, reporter in zip(place[held["row"]].tolist(), held.strings("reporter"), strict=True):
        if village >= 0 and reporter:
            of_village[village].add(reporter)
    return [", ".join(sorted(reporters)) for reporters in of_village]
