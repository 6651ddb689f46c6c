"""Every text of the pages, in both languages, and numbers and dates as their readers write them."""

import math
import os
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from estimation.errors import ReportError
from estimation.rules import RULES, Notice

LANGUAGES = ("id", "en")
TERMINAL = "QUICKCOUNT_LANG"  # the environment variable that chooses the command's language
_LOCALE = {"id": "id", "en": "en_GB"}
_CLOCK = {"id": "d MMMM y HH.mm", "en": "d MMMM y, HH:mm"}
_NBSP = "\u00a0"
_LARGEST = 1e9  # what is beyond is said to be
_ISOLATE = "\u2068{}\u2069"  # first strong isolate, pop directional isolate
_TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}  # Unicode's bidirectional controls
_FROM_RIGHT = {"R", "AL"}


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Read the texts of a language, ``{"verdict.heading": "Verdict", …}``; rules are ``rules.E101``."""
    raw = tomllib.loads((Path(__file__).parent / f"{language}.toml").read_text(encoding="utf-8"))
    texts = {f"{table}.{key}": text for table, keys in raw.items() for key, text in keys.items()}
    if language == "en":
        texts |= {f"rules.{code}": rule.text for code, rule in RULES.items()}
    return texts


def isolated(text: str) -> str:
    """Make a text from outside harmless to the line it stands in.

    One that runs from right to left is shut in isolating marks, so that numbers beside it stay where they are; control
    characters, and marks that turn the direction of what follows, are left out.
    """
    kinds = [(unicodedata.bidirectional(char), unicodedata.category(char)) for char in text]
    if not any(turn in _TURNS or turn in _FROM_RIGHT or kind == "Cc" for turn, kind in kinds):
        return text
    if {turn for turn, _ in kinds} & _TURNS <= {"FSI", "PDI"} and text.count("\u2068") == text.count("\u2069") > 0:
        return text  # it is made of texts that are shut in
    kept = "".join(char for char, (turn, kind) in zip(text, kinds, strict=True) if turn not in _TURNS and kind != "Cc")
    return _ISOLATE.format(kept) if any(turn in _FROM_RIGHT for turn, _ in kinds) else kept


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language.

    Attributes
    ----------
    language : str
        ``id`` or ``en``.
    """

    language: str

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise ReportError(f"language '{self.language}' is unknown: known are {', '.join(LANGUAGES)}")

    def __call__(self, key: str, **values: object) -> str:
        """Say a text with its values."""
        safe = {name: isolated(value) if isinstance(value, str) else value for name, value in values.items()}
        return catalogue(self.language)[key].format(**safe)

    def decimal(self, value: float, digits: int = 1) -> str:
        """Write a number with that many decimals, ``3,4``; a minus sign is a real one."""
        if not math.isfinite(value):
            return "–"
        if abs(value) > _LARGEST:  # a bound of 1e139 standard errors, where one degree of freedom is left
            return f"{'>' if value > 0 else '<'}{_NBSP}{self.decimal(math.copysign(_LARGEST, value), 0)}"
        from babel.numbers import format_decimal  # here, as a command that writes no page needs none of it

        text = format_decimal(
            round(value, digits) + 0.0,
            format="#,##0." + "0" * digits if digits else "#,##0",
            locale=_LOCALE[self.language],
        )
        return text.replace("-", "\u2212")

    def whole(self, value: int) -> str:
        """Write a count, ``1.030``."""
        return self.decimal(value, 0)

    def percent(self, share: float, digits: int = 1) -> str:
        """Write a share in [0, 1] as a percentage, ``51,7 %``."""
        return f"{self.decimal(100 * share, digits)}{_NBSP}%"

    def level(self, level: float) -> str:
        """Write a confidence level with as many decimals as it has, ``95 %``, ``99,9 %``."""
        digits = 0 if math.isclose(100 * level, round(100 * level), abs_tol=1e-9) else 1
        return self.percent(level, digits)

    def points(self, difference: float) -> str:
        """Write a difference of shares in percentage points, without unit, ``3,4``."""
        return self.decimal(100 * difference)

    def moment(self, moment: datetime) -> str:
        """Write a time with its zone, ``27 November 2024 18.30 WIB``."""
        from babel.dates import format_datetime

        zone = moment.tzname() or ""
        zone = f"UTC{zone}" if zone[:1] in "+-" else zone
        return f"{format_datetime(moment, _CLOCK[self.language], locale=_LOCALE[self.language])} {zone}"

    def rule(self, code: str) -> str:
        """Say what a rule means."""
        return catalogue(self.language)[f"rules.{code}"]

    def notice(self, notice: Notice) -> str:
        """Say a notice with its values, and begin it with a capital."""
        text = self._said(notice)
        return text[:1].upper() + text[1:]

    def _said(self, value: str | int | float | Notice) -> str:
        if isinstance(value, Notice):
            return self.rule(value.code).format(**{key: self._said(inner) for key, inner in value.values.items()})
        if isinstance(value, str):
            return isolated(value)
        return self.decimal(value, 0 if float(value).is_integer() else 1)


def terminal_words() -> Words:
    """Give the words of the command: by ``QUICKCOUNT_LANG``, else Indonesian where the system is, else English.

    Raises
    ------
    ReportError
        ``QUICKCOUNT_LANG`` names no language that is known.
    """
    chosen = os.environ.get(TERMINAL, "")
    system = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return Words(chosen or ("id" if system.startswith("id") else "en"))
