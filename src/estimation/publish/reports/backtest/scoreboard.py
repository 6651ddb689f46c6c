"""How the default predictor fares on past elections: the scoreboard that the package carries, as a part of a page."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from estimation.errors import ReportError
from estimation.publish.part import Part, table
from estimation.words import Words

SCHEMA = "scoreboard/1"
FILE = "publish/reports/backtest/scoreboard.json"
SIZES = ("large", "small")
BESIDE = ("ratio-z", "ratio-t-logit", "calibrated", "committee-5", "committee-10")
RECORDED = ("bali form_uploaded_at", "jawa-timur entered_at", "bolivia batch")  # orders in which returns really came
BATCHES, STRESSED = "bolivia batch", "bolivia batch stress"  # the order that the default is not made for, and what is
PLAIN = "ratio-z"
FLOOR = 0.935  # a pooled coverage below is too little
CEILING = 0.97  # above it, and with a worse interval score than the ratio's, intervals are wider than they need be


@dataclass(frozen=True, slots=True)
class ScoreboardRow:
    """One group of elections and order of arrival, shares of one size pooled.

    Attributes
    ----------
    group : str
    size : str
        ``large``, 12 % and more, or ``small``.
    cells : int
        Areas times candidates times parts of the returns.
    coverage, under_90, under_80 : float
        Of the predictor's intervals, and the shares of cells whose coverage is below 90 and 80 %; 0 … 1.
    score : float
        Its interval score relative to that of the ratio with normal intervals.
    beside : mapping of str to float or None
        Coverage of the others; None where one was not replayed or said nothing.
    parts : tuple of (float, float, float)
        Part of the returns, coverage, cells under 80 %.
    """

    group: str
    size: str
    cells: int
    coverage: float
    under_90: float
    under_80: float
    score: float
    beside: Mapping[str, float | None]
    parts: tuple[tuple[float, float, float], ...]

    @property
    def plain(self) -> float:
        """Coverage of the ratio with normal intervals, which every row has."""
        coverage = self.beside[PLAIN]
        assert coverage is not None
        return coverage


@dataclass(frozen=True, slots=True)
class Scoreboard:
    """The scoreboard of ``benchmarks/calibration`` in short.

    Attributes
    ----------
    rows : tuple of ScoreboardRow
    in_random : mapping of str to float
        Coverage in random order over all elections, by size.
    about : mapping
        ``level``, ``date``, ``nights``, ``elections``, ``constants``, ``machine``, ``source`` and ``source_sha256``.
    """

    rows: tuple[ScoreboardRow, ...]
    in_random: Mapping[str, float]
    about: Mapping[str, Any]

    def row(self, group: str, size: str = "large") -> ScoreboardRow:
        """Find a row."""
        return next(row for row in self.rows if (row.group, row.size) == (group, size))

    def of(self, size: str) -> list[ScoreboardRow]:
        """List the rows of one size."""
        return [row for row in self.rows if row.size == size]

    def short(self) -> list[tuple[ScoreboardRow, list[tuple[float, float, float]]]]:
        """List where the default covers too little, with the parts of the returns at which it does."""
        found = [(row, [part for part in row.parts if part[1] < FLOOR]) for row in self.rows if row.group != STRESSED]
        return [(row, parts) for row, parts in found if parts]

    def wide(self) -> list[ScoreboardRow]:
        """List where the default covers too much at a worse score than the ratio's."""
        return [row for row in self.rows if row.group != STRESSED and row.coverage >= CEILING and row.score > 1]


@cache
def scoreboard() -> Scoreboard:
    """Read the scoreboard that the package carries.

    Raises
    ------
    ReportError
        It is missing, or of another kind.
    """
    file = resources.files("estimation").joinpath(FILE)
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReportError(f"{FILE} can't be read ({error}): install the package again") from error
    if raw.get("schema") != SCHEMA:
        raise ReportError(f"{FILE}: schema {raw.get('schema')!r} where '{SCHEMA}' was expected: install it again")
    rows = tuple(ScoreboardRow(**{**entry, "parts": tuple(map(tuple, entry["parts"]))}) for entry in raw["groups"])
    in_random = {order["size"]: order["coverage"] for order in raw["orders"] if order["arrival"] == "random"}
    return Scoreboard(rows, in_random, raw)


def scoreboard_part(words: Words, board: Scoreboard | None = None) -> Part:
    """Tabulate the scoreboard, with the sentences that say what it comes to and where the default fails."""
    board = board or scoreboard()
    w, rows = words, []
    for size in SIZES:
        rows.append([w(f"scoreboard.{size}")])
        rows += [_line(w, row) for row in board.of(size)]
    header = [w(f"scoreboard.{key}") for key in ("group", "predictor", "under", "score")]
    header += [w(f"scoreboard.beside_{_key(rule)}") for rule in BESIDE]
    versions = board.about["machine"]["versions"]
    caption = w(
        "scoreboard.caption",
        date=board.about["date"],
        version=versions["quickcount"],
        python=versions["python"],
        numpy=versions["numpy"],
        cpu=board.about["machine"]["cpu"],
        cores=board.about["machine"]["cores"],
        digest=board.about["source_sha256"][:12],
    )
    heading = w("scoreboard.heading")
    return table("scoreboard", heading, header, rows, intro=_said(w, board), caption=caption)


def _said(w: Words, board: Scoreboard) -> list[str]:
    """Say what a person would."""
    level = w.level(board.about["level"])
    recorded = [
        w(
            "scoreboard.recorded",
            group=_name(w, row),
            coverage=w.percent(row.coverage),
            plain=w.percent(row.plain),
        )
        for row in (board.row(group) for group in RECORDED)
    ]
    lines = [
        w(
            "scoreboard.sentence",
            nights=w.whole(board.about["nights"]),
            elections=w.whole(len(board.about["elections"])),
            level=level,
            coverage=w.percent(board.in_random["large"]),
            recorded="; ".join(recorded),
        )
    ]
    short = [
        w("scoreboard.short_row", group=_sized(w, row), parts=", ".join(_part(w, *part) for part in parts))
        for row, parts in board.short()
    ]
    if short:
        lines.append(w("scoreboard.short", floor=w.percent(FLOOR), rows="; ".join(short)))
    default, stressed = board.row(BATCHES), board.row(STRESSED)
    part, least, _ = min(default.parts, key=lambda own: own[1])
    lines.append(
        w(
            "scoreboard.batches",
            default=w.percent(default.coverage),
            least=w.percent(least),
            part=w.level(part),
            coverage=w.percent(stressed.coverage),
        )
    )
    wide = [
        w("scoreboard.wide_row", group=_sized(w, row), coverage=w.percent(row.coverage), score=w.decimal(row.score, 2))
        for row in board.wide()
    ]
    if wide:
        lines.append(w("scoreboard.wide", ceiling=w.level(CEILING), rows="; ".join(wide)))
    constants = board.about["constants"]
    lines.append(w("scoreboard.seen", delta=w.decimal(constants["delta"], 2), tau=w.decimal(constants["tau"], 2)))
    return lines


def _line(w: Words, row: ScoreboardRow) -> list[str]:
    under = f"{w.points(row.under_90)} / {w.points(row.under_80)}"
    return [
        _name(w, row),
        w.points(row.coverage),
        under,
        w.decimal(row.score, 2),
        *("–" if (coverage := row.beside[rule]) is None else w.points(coverage) for rule in BESIDE),
    ]


def _part(w: Words, part: float, coverage: float, under_80: float) -> str:
    key = "scoreboard.part_bad" if under_80 > 0 else "scoreboard.part"
    return w(key, coverage=w.percent(coverage), part=w.level(part), under=w.percent(under_80, 0))


def _sized(w: Words, row: ScoreboardRow) -> str:
    return w(f"scoreboard.sized_{row.size}", group=_name(w, row))


def _name(w: Words, row: ScoreboardRow) -> str:
    return w(f"scoreboard.group_{_key(row.group)}")


def _key(name: str) -> str:
    """Turn a name of the benchmark into a key of words, ``small size=0.5`` into ``small_size_0_5``."""
    return re.sub(r"\W+", "_", name)
