"""How often each kind of fault happens, where the figure comes from, and which rules can see it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType

from estimation.columns import nearest_name
from estimation.errors import DesignError


@dataclass(frozen=True, slots=True)
class Faults:
    """Rates of faults, each in [0, 1]; of the stations that report, where nothing else is said.

    A rate that is not zero makes one fault at least, so that a rehearsal meets every kind.

    Attributes
    ----------
    misread : float
        One digit of a count is another one. KPU's recognition misread 0.65 % of the forms nationally in 2024.
    unbalanced : float
        A candidate's votes are off on the form itself. 3.0 % of Bali's forms of 2024 do not add up.
    transposed : float
        Two candidates' votes stand on each other's line, so that every sum holds. Assumed.
    swapped : float
        The forms of two stations of one village are sent under each other's code. Assumed.
    shifted : float
        A cell was left out and all behind it moved one column. Assumed.
    excess : float
        More ballots than the roll and the allowance; every sum holds. Assumed.
    unknown_code : float
        The code is one that no station has. Assumed.
    lost_zeros : float
        A spreadsheet took the code for a number: its leading zeros are gone, or it reads 3.51214E+12. Assumed.
    naive_time : float
        The time has no UTC offset. Assumed.
    other_zone : float
        The time is right and has another zone's offset. Assumed.
    duplicate : float
        The same return comes twice. Assumed; the demos' evening has two in a thousand.
    half_written : float
        Of the files: stood half written in the inbox for a while. Assumed.
    silent : float
        Stations of villages that never report. 93 of 6,000 stations were not reached on a real night (1.55 %).
    corrected : float
        Of the wrong returns, those that the officer sends again, right. Assumed; it is no fault, and is not scaled.
    """

    misread: float = 0.0065
    unbalanced: float = 0.03
    transposed: float = 0.001
    swapped: float = 0.004
    shifted: float = 0.002
    excess: float = 0.001
    unknown_code: float = 0.004
    lost_zeros: float = 0.004
    naive_time: float = 0.004
    other_zone: float = 0.01
    duplicate: float = 0.01
    half_written: float = 0.01
    silent: float = 93 / 6000
    corrected: float = 0.5

    def __post_init__(self) -> None:
        for name in RATES:
            if not 0 <= getattr(self, name) <= 1:
                raise DesignError(f"fault '{name}={getattr(self, name):g}': a rate lies in 0 … 1")

    def scale(self, factor: float) -> "Faults":
        """Multiply every rate of a fault, up to 1.

        Raises
        ------
        DesignError
            The factor is negative.
        """
        if factor < 0:
            raise DesignError(
                f"faults can't be scaled by {factor:g}: 0 is a night without any, 2 one with twice as many"
            )
        return self.change({name: min(1.0, factor * getattr(self, name)) for name in RATES if name != "corrected"})

    def change(self, rates: Mapping[str, float]) -> "Faults":
        """Put some rates in place of these.

        Raises
        ------
        DesignError
            A kind is unknown, or a rate does not lie in [0, 1].
        """
        for name in rates:
            if name not in RATES:
                near = nearest_name(name, RATES)
                raise DesignError(
                    f"fault '{name}' is unknown: "
                    + (f"did you mean '{near}'?" if near else f"known are {', '.join(RATES)}")
                )
        return replace(self, **rates)


RATES = tuple(field.name for field in fields(Faults))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault.

    Attributes
    ----------
    text : str
        What it is, in a few words.
    rules : tuple of str
        Codes of the rules that see it, any of them; none: no check of a single form can.
    harmless : bool
        The reading has to bear it: no rule looks for it, and the station counts as if nothing had been.
    """

    text: str
    rules: tuple[str, ...] = ()
    harmless: bool = False


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "misread": Kind("one digit misread", ("E203", "E204")),
        "unbalanced": Kind("the form does not add up", ("E203", "E204")),
        "transposed": Kind("two candidates' votes on each other's line"),
        "swapped": Kind("two stations' forms swapped", ("E208",)),
        "shifted": Kind("cells moved one column", ("E203", "E204")),
        "excess": Kind("more ballots than voters", ("E205",)),
        "unknown_code": Kind("a code that no station has", ("E207",)),
        "lost_zeros": Kind("the code turned into a number", ("E207", "E216", "W215")),
        "naive_time": Kind("a time without UTC offset", ("E210", "E214")),
        "other_zone": Kind("a time in another zone", harmless=True),
        "duplicate": Kind("sent twice", harmless=True),
        "half_written": Kind("a file half written for a while", harmless=True),
        "correction": Kind("sent again, corrected", harmless=True),
        "silent": Kind("a village that never reports", ("W304",)),
    }
)


def how_many(rate: float, among: int) -> int:
    """Give the number of faults among so many: the nearest to the rate, one at least where it is not zero."""
    return min(among, max(1, round(rate * among))) if rate > 0 else 0
