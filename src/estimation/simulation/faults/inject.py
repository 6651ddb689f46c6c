"""Spoils a night: picks stations for every kind of fault, changes what they send, and writes down what was changed."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from estimation.arrays import BoolArray, IntArray
from estimation.errors import DesignError
from estimation.simulation.faults import forms
from estimation.simulation.faults.rates import KINDS, Faults, how_many

CORRECTION_MINUTES = (20, 70)
RESEND_MINUTES = (1, 30)
OWN, NAIVE, OTHER = "own", "naive", "other"  # how a message writes its time
MOST = 0.5  # of the stations may be spoiled; beyond, nobody learns anything

LOG = ("kind", "tps_id", "message", "what", "rules")


@dataclass(frozen=True, slots=True, eq=False)
class SpoiledReturns:
    """A night as it is sent.

    Attributes
    ----------
    messages : pandas.DataFrame
        One row a message, numbered from 0: the columns of the clean returns as they are sent; ``station``, the
        right code; ``stamp`` and ``second``, the time that it names and the time that it is sent, in seconds after
        the polls close; ``clock``, how it writes its time.
    log : pandas.DataFrame
        One row for each station that something happened to: ``kind``, ``tps_id`` (the station's right code),
        ``message`` (-1 where none is sent), ``what`` was changed, and the ``rules`` that could see it,
        blank where none can.
    """

    messages: pd.DataFrame
    log: pd.DataFrame


def inject(
    clean: pd.DataFrame, votes: Sequence[str], faults: Faults, known: Collection[str], rng: np.random.Generator
) -> SpoiledReturns:
    """Spoil a night by rates; no station gets two faults.

    Parameters
    ----------
    clean : pandas.DataFrame
        One row a station that reports, as it would be sent if all went well: ``tps_id``, ``second`` (after the
        polls close), the ``votes`` columns, ``invalid``, ``total``, ``valid``, ``registered`` (blank where unknown),
        ``source``, and ``reporter``, one for each village.
    votes : sequence of str
        The candidates' columns, two at least.
    faults : Faults
        ``half_written`` is left to the code that writes files.
    known : collection of str
        Every code of the frame.
    rng : numpy.random.Generator

    Raises
    ------
    DesignError
        Half of the stations or more would be spoiled.
    """
    clean = clean.reset_index(drop=True)
    silent = _silent(clean, how_many(faults.silent, len(clean)), rng)
    said = clean.assign(station=clean["tps_id"], stamp=clean["second"], clock=OWN)
    chosen = _choose(said, votes, faults, np.flatnonzero(~silent), rng)
    spoiled = int(silent.sum()) + sum(rows.size for rows in chosen.values())
    if spoiled > MOST * len(clean):
        raise DesignError(
            f"{spoiled} of {len(clean)} stations would be spoiled, as every kind of fault comes once at least: "
            f"rehearse with more stations, with lower rates, or set some to 0"
        )
    sent = said
    for kind, rows in chosen.items():
        sent = _SPOIL[kind](sent, rows, list(votes), known, rng)
    copied = chosen.get("duplicate", np.empty(0, dtype=np.intp))
    wrong = [_corrected(kind, rows, faults.corrected, rng) for kind, rows in chosen.items()]
    corrected = np.concatenate([np.empty(0, dtype=np.intp), *wrong])
    copies = _again(said, copied, RESEND_MINUTES, rng, stamped=False)
    corrections = _again(_after_both(said, chosen), corrected, CORRECTION_MINUTES, rng, stamped=True)
    messages = pd.concat([sent, copies, corrections], ignore_index=True)

    log = [_entry("silent", clean, row, -1, "nothing is sent") for row in np.flatnonzero(silent)]
    for kind, rows in chosen.items():
        place = len(sent) + np.arange(rows.size) if kind == "duplicate" else rows.ravel()
        for row, message, blind in zip(rows.ravel(), place, _blind(kind, said, rows), strict=True):
            log.append(_entry(kind, clean, row, message, _difference(said, sent, row), blind))
    place = len(sent) + len(copies) + np.arange(len(corrected))
    log += [_entry("correction", clean, row, at, "sent again, right") for row, at in zip(corrected, place, strict=True)]
    gone = messages["station"].isin(clean["tps_id"][silent])
    return SpoiledReturns(messages[~gone], pd.DataFrame(log, columns=list(LOG)))


def _silent(clean: pd.DataFrame, wanted: int, rng: np.random.Generator) -> BoolArray:
    """Pick villages in random order until they have so many stations, shape (n,)."""
    code, names = pd.factorize(clean["reporter"])
    size = np.bincount(code, minlength=len(names))
    order = rng.permutation(len(names))
    before = np.cumsum(size[order]) - size[order]
    return np.isin(code, order[before < wanted])


def _choose(
    said: pd.DataFrame, votes: Sequence[str], faults: Faults, rows: IntArray, rng: np.random.Generator
) -> dict[str, IntArray]:
    """Pick the stations of every kind, none twice: rows of shape (m,), pairs of shape (2, m)."""
    order = rng.permutation(rows)
    left, right = _pairs(said["reporter"].to_numpy()[order], how_many(faults.swapped, len(rows)))
    chosen = {"swapped": np.stack([order[left], order[right]])}
    rest = np.setdiff1d(order, chosen["swapped"], assume_unique=True)
    rest = rng.permutation(rest)
    for kind in _SPOIL:
        if kind == "swapped":
            continue
        able = rest[_able(kind, said, votes)[rest]]
        chosen[kind] = able[: how_many(getattr(faults, kind), len(rows))]
        rest = rest[~np.isin(rest, chosen[kind])]
    return {kind: picked for kind, picked in chosen.items() if picked.size}


def _pairs(village: "np.ndarray[tuple[int], np.dtype[np.object_]]", stations: int) -> tuple[IntArray, IntArray]:
    """Pair stations of one village, about so many stations and each once."""
    waiting: dict[object, int] = {}
    left: list[int] = []
    right: list[int] = []
    for place, name in enumerate(village):
        if 2 * len(left) >= stations:
            break
        if name in waiting:
            left.append(waiting.pop(name))
            right.append(place)
        else:
            waiting[name] = place
    return np.array(left, dtype=np.intp), np.array(right, dtype=np.intp)


def _able(kind: str, said: pd.DataFrame, votes: Sequence[str]) -> BoolArray:
    """Tell to which stations a kind of fault can happen, shape (n,)."""
    if kind == "transposed":
        counts = said[list(votes)].to_numpy(np.int64)
        best = counts.argmax(axis=1)
        each = np.arange(len(counts))
        return np.asarray(counts[each, best] != counts[each, (best + 1) % len(votes)])
    if kind == "excess":
        return np.asarray(said["registered"].notna(), dtype=np.bool_)
    if kind == "lost_zeros":
        return np.array([forms.as_number(code) != code for code in said["tps_id"]], dtype=np.bool_)
    return np.ones(len(said), dtype=np.bool_)


def _blind(kind: str, said: pd.DataFrame, rows: IntArray) -> list[bool]:
    """Tell which of a kind's faults no rule can see though others of the kind are seen, in the order of the rows."""
    if kind != "swapped":
        return [False] * rows.size
    roll = said["registered"].astype("Float64").to_numpy(np.float64, na_value=np.nan)
    same = ~(roll[rows[0]] != roll[rows[1]]) | np.isnan(roll[rows]).any(axis=0)
    return [bool(one) for one in np.tile(same, 2)]


_Spoil = Callable[[pd.DataFrame, IntArray, list[str], Collection[str], np.random.Generator], pd.DataFrame]
_SPOIL: dict[str, _Spoil] = {
    "swapped": lambda sent, rows, votes, known, rng: forms.swap(sent, rows[0], rows[1]),
    "misread": lambda sent, rows, votes, known, rng: forms.misread(sent, rows, [*votes, "invalid", "total"], rng),
    "unbalanced": lambda sent, rows, votes, known, rng: forms.unbalance(sent, rows, votes, rng),
    "transposed": lambda sent, rows, votes, known, rng: forms.transpose(sent, rows, votes),
    "shifted": lambda sent, rows, votes, known, rng: forms.shift(
        sent, rows, [*votes, "invalid", "total", "valid", "registered"]
    ),
    "excess": lambda sent, rows, votes, known, rng: forms.exceed(sent, rows, votes[0], rng),
    "unknown_code": lambda sent, rows, votes, known, rng: forms.recode(
        sent, rows, [forms.unknown_code(code, known) for code in sent["tps_id"].iloc[rows]]
    ),
    "lost_zeros": lambda sent, rows, votes, known, rng: forms.recode(
        sent, rows, [forms.as_number(code) for code in sent["tps_id"].iloc[rows]]
    ),
    "naive_time": lambda sent, rows, votes, known, rng: _clocked(sent, rows, NAIVE),
    "other_zone": lambda sent, rows, votes, known, rng: _clocked(sent, rows, OTHER),
    "duplicate": lambda sent, rows, votes, known, rng: sent,
}


def _clocked(sent: pd.DataFrame, rows: IntArray, clock: str) -> pd.DataFrame:
    return sent.assign(clock=sent["clock"].where(~np.isin(np.arange(len(sent)), rows), clock))


def _corrected(kind: str, rows: IntArray, part: float, rng: np.random.Generator) -> IntArray:
    """Pick the wrong returns that are sent again; of swapped forms both or none."""
    if KINDS[kind].harmless:
        return np.empty(0, dtype=np.intp)
    number = int(part * rows.shape[-1] + rng.random())  # what is left of a whole one is decided by lot
    return np.asarray(rows[..., :number].ravel())


def _after_both(said: pd.DataFrame, chosen: Mapping[str, IntArray]) -> pd.DataFrame:
    """Put off what is sent again of swapped forms until both have been sent, as only then anybody can notice."""
    second = said["second"].to_numpy(np.int64, copy=True)
    if "swapped" in chosen:
        second[chosen["swapped"]] = second[chosen["swapped"]].max(axis=0)
    return said.assign(second=second)


def _again(
    said: pd.DataFrame, rows: IntArray, minutes: tuple[int, int], rng: np.random.Generator, *, stamped: bool
) -> pd.DataFrame:
    """Send some returns again later: with a time of its own, or as it was."""
    later = np.rint(60 * rng.uniform(*minutes, len(rows))).astype(np.int64)
    sent = said.iloc[rows]
    second = sent["second"] + later
    return sent.assign(second=second, stamp=second if stamped else sent["stamp"])


def _difference(said: pd.DataFrame, sent: pd.DataFrame, row: np.intp) -> str:
    """Say what a row was changed into."""
    before, after = said.iloc[int(row)], sent.iloc[int(row)]
    both = [(name, _plain(before[name]), _plain(after[name])) for name in said.columns]
    return "; ".join(f"{name} {old} → {new}" for name, old, new in both if old != new) or "as it was"


def _plain(value: Any) -> str:
    return "blank" if pd.isna(value) else str(value)


def _entry(
    kind: str, clean: pd.DataFrame, row: np.intp, message: np.intp | int, what: str, blind: bool = False
) -> tuple[str, str, int, str, str]:
    rules = "" if blind else " ".join(KINDS[kind].rules)
    return kind, str(clean["tps_id"].iloc[int(row)]), int(message), what, rules
