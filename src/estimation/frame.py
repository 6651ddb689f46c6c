"""Every polling station that can be drawn, and what was known of it before the day."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from estimation import checks
from estimation.baseline import with_baseline
from estimation.columns import AREA_LEVELS, FRAME_COLUMNS, nearest_name, rename, require
from estimation.contest import Contest
from estimation.errors import FrameError
from estimation.rules import Findings
from estimation.tables import as_text, find_table, read_table

REQUIRED = ("tps_id", *AREA_LEVELS, "tps", "registered")


@dataclass(frozen=True, slots=True)
class Areas:
    """A partition of the frame into areas.

    Attributes
    ----------
    codes : numpy.ndarray of intp, shape (N,)
        The area of each station, counted from 0 in order of first appearance.
    paths : tuple of tuple of str
        The whole path of each area: nationally 7,201 districts share 6,824 names.
    """

    codes: NDArray[np.intp]
    paths: tuple[tuple[str, ...], ...]

    @property
    def labels(self) -> list[str]:
        """Each path as one text, ``JAWA TIMUR / SITUBONDO / BESUKI``."""
        return [" / ".join(path) for path in self.paths]


@dataclass(frozen=True, slots=True, repr=False)
class Frame:
    """The sampling frame.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a station in the file's order: ``tps_id`` and ``tps`` (text), the area columns
        (categories), ``registered`` (float, voters; NaN where unknown), then the auxiliaries.
    sha256 : str
        Of the file that it was read from.
    findings : Findings
        Warnings about its rows.
    where : str or None
        The area that it was restricted to.
    elsewhere : pandas.Index
        ``tps_id`` of the stations outside that area.
    baseline_sha256 : str or None
        Of the file of the earlier election whose shares are among the auxiliaries.
    partitions : dict
        Strata that were made of it, by their columns: see :func:`estimation.sampling.strata_for`.
    """

    table: pd.DataFrame
    sha256: str
    findings: Findings
    where: str | None = None
    elsewhere: pd.Index = field(default_factory=lambda: pd.Index([], dtype="str"))
    baseline_sha256: str | None = None
    partitions: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    _areas: dict[str, Areas] = field(default_factory=dict, init=False, repr=False, compare=False)
    _stations: list[pd.Index] = field(default_factory=list, init=False, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        counts = ", ".join(_counted(len(self.areas(level).paths), level) for level in AREA_LEVELS[1:])
        known = self.registered[np.isfinite(self.registered)]
        extra = [name for name in self.table.columns if name not in REQUIRED]
        lines = [
            f"frame of {len(self):,} stations" + (f" in {self.where}" if self.where else "") + f": {counts}",
            f"{known.sum():,.0f} registered voters"
            + (f", {len(known):,} rolls known" if len(known) < len(self) else ""),
            *([f"further columns: {', '.join(map(str, extra))}"] if extra else []),
        ]
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """Give a copy of the table: a row for each station, see ``table``."""
        return self.table.copy()

    @property
    def registered(self) -> NDArray[np.float64]:
        """Registered voters of each station, shape (N,); NaN where unknown."""
        return np.asarray(self.table["registered"].to_numpy(), dtype=np.float64)

    def areas(self, columns: str) -> Areas:
        """Partition the stations by one column or several, joined by commas.

        Parameters
        ----------
        columns : str
            An area level means the whole path down to it: ``district`` is province, regency and
            district. Any other column counts by its values.

        Raises
        ------
        FrameError
            A column is not in the frame.
        """
        if columns not in self._areas:  # a projection asks for the same few a dozen times
            self._areas[columns] = self._partition(columns)
        return self._areas[columns]

    def _partition(self, columns: str) -> Areas:
        names: list[str] = []
        for name in [part.strip() for part in columns.split(",")]:
            path = AREA_LEVELS[: AREA_LEVELS.index(name) + 1] if name in AREA_LEVELS else (name,)
            names += [column for column in path if column not in names]
        for name in names:
            if name not in self.table.columns:
                near = nearest_name(name, self.table.columns)
                raise FrameError(
                    f"column '{name}' is not in the frame"
                    + (f": did you mean '{near}'?" if near else f": it has {', '.join(self.table.columns)}")
                )
        coded = [_coded(self.table[name]) for name in names]
        mixed = reduce(lambda left, right: left * len(right[1]) + right[0], coded, np.zeros(len(self), np.intp))
        codes, first = pd.factorize(mixed)
        rows = np.empty(len(first), dtype=np.intp)
        rows[codes[::-1]] = np.arange(len(self), dtype=np.intp)[::-1]
        return Areas(codes, tuple(zip(*(names[code[rows]] for code, names in coded), strict=True)))

    def rows_of(self, tps_ids: "pd.Series[str] | pa.Array") -> NDArray[np.intp]:
        """Find the rows of stations by ``tps_id``; -1 where the frame doesn't know one."""
        if not self._stations:  # a ledger asks for thousands of files, and of a national frame it takes a second
            self._stations.append(pd.Index(self.table["tps_id"]))
        asked = pd.array(tps_ids, dtype="str") if isinstance(tps_ids, pa.Array) else tps_ids
        return np.asarray(self._stations[0].get_indexer(pd.Index(asked)), dtype=np.intp)

    def is_elsewhere(self, tps_ids: pa.Array) -> NDArray[np.bool_]:
        """Tell which stations, by ``tps_id``, lie outside the area that the frame was restricted to, shape (n,)."""
        if not len(self.elsewhere):
            return np.zeros(len(tps_ids), dtype=np.bool_)
        return np.asarray(self.elsewhere.get_indexer(pd.Index(pd.array(tps_ids, dtype="str"))) >= 0, dtype=np.bool_)

    def restrict(self, where: str) -> "Frame":
        """Keep the stations of one area.

        Parameters
        ----------
        where : str
            ``regency=SITUBONDO``, or ``regency=SITUBONDO,district=BESUKI`` where the name alone
            stands for several areas; upper and lower case are the same.

        Raises
        ------
        FrameError
            The area is unknown, or the name stands for several.
        """
        inside = np.ones(len(self), dtype=np.bool_)
        finest = 0
        for part in where.split(","):
            level, _, name = (text.strip() for text in part.partition("="))
            if level not in AREA_LEVELS or not name:
                raise FrameError(f"'{part}' names no area: write LEVEL=NAME, LEVEL one of {', '.join(AREA_LEVELS)}")
            match = self.table[level].astype(str).str.casefold() == name.casefold()
            inside &= np.asarray(match, dtype=np.bool_)
            finest = max(finest, AREA_LEVELS.index(level))
        if not inside.any():
            near = nearest_name(name.upper(), [str(label) for label in self.table[level].cat.categories])
            raise FrameError(f"no station lies in {where}" + (f": did you mean {level}={near}?" if near else ""))
        table = self.table[inside].reset_index(drop=True)
        for column in AREA_LEVELS:
            table[column] = table[column].cat.remove_unused_categories()
        part_frame = replace(self, table=table, where=where, elsewhere=pd.Index(self.table["tps_id"][~inside]))
        paths = part_frame.areas(AREA_LEVELS[finest]).labels
        if len(paths) > 1:
            raise FrameError(
                f"{where} stands for {len(paths)} areas ({'; '.join(paths[:5])}): name the levels above too"
            )
        inside_ids = set(table["tps_id"])
        findings = self.findings.keep(place.tps_id in inside_ids for place in self.findings.places())
        return replace(part_frame, findings=findings)


def load_frame(contest: Contest, where: str | None = None) -> Frame:
    """Read, check and code the frame of a contest, or the part of it in an area (see ``Frame.restrict``).

    The shares of an earlier election are added as auxiliaries ``baseline_1`` … where the contest has one.

    Raises
    ------
    TableError
        There is no frame file, or it can't be read, or a required column is missing.
    FrameError
        Rows break a rule (codes E1…); every one is listed with file, line, column and value.
    """
    name = contest.frame.path
    path = contest.folder / name if name else find_table(contest.folder, "frame")
    if path is None:
        raise FrameError(
            f"{contest.folder}: neither frame.csv nor frame.parquet is there: put the list of stations there"
        )
    frame = read_frame(path, contest.returns.max_registered)
    table, baseline = with_baseline(contest, frame.table)
    frame = replace(frame, table=table, baseline_sha256=baseline)
    return frame.restrict(where) if where else frame


def read_frame(path: Path, max_registered: int = 600, mapping: Mapping[str, str] | None = None) -> Frame:
    """Read, check and code a frame file; see :func:`load_frame`."""
    source = read_table(path, _areas_of)
    names = rename(source.header, FRAME_COLUMNS, str(path), mapping)
    require(names.values(), REQUIRED, source.header, str(path))
    if source.data.num_rows == 0:
        raise FrameError(f"{path}: there is a header and no station below it")
    columns = {names.get(raw, raw): source.data.column(raw) for raw in source.header}
    columns["tps_id"] = as_text(columns["tps_id"])
    for level in AREA_LEVELS:
        columns[level] = columns[level].combine_chunks().dictionary_encode()  # most are already
    voters = checks.whole_numbers(columns["registered"])
    findings = checks.frame_findings(source, columns, voters, names, max_registered)
    if len(findings.errors):
        lines = "\n".join(findings.errors.sentences(50))
        raise FrameError(f"{path}: {len(findings.errors)} places in the frame must be mended\n{lines}")
    table = {
        "tps_id": columns["tps_id"].to_pandas(),
        **{level: _categories(columns[level]) for level in AREA_LEVELS},
        "tps": as_text(columns["tps"]).to_pandas(),
        "registered": _positive(voters),
        **{name: _auxiliary(column) for name, column in columns.items() if name not in REQUIRED},
    }
    return Frame(pd.DataFrame(table), source.sha256, findings)


def _counted(number: int, level: str) -> str:
    plural = f"{level[:-1]}ies" if level.endswith("y") else f"{level}s"
    return f"{number:,} {level if number == 1 else plural}"


def _coded(column: "pd.Series") -> tuple[NDArray[np.intp], NDArray[np.object_]]:
    """Give the values of a column as numbers, and the name of each as text; an area's are numbered already."""
    if isinstance(column.dtype, pd.CategoricalDtype) and not column.hasnans:
        return np.asarray(column.cat.codes, dtype=np.intp), np.asarray(column.cat.categories, dtype=object)
    codes, values = pd.factorize(column, use_na_sentinel=False)
    return np.asarray(codes, dtype=np.intp), np.asarray(values.astype(str), dtype=object)


def _areas_of(header: list[str]) -> list[str]:
    """Name the headers of the area columns."""
    return [raw for raw, name in rename(header, FRAME_COLUMNS, "frame").items() if name in AREA_LEVELS]


def _positive(numbers: pa.ChunkedArray) -> NDArray[np.float64]:
    voters = numbers.to_numpy(zero_copy_only=False).astype(np.float64)
    return np.where(voters > 0, voters, np.nan)


def _categories(coded: pa.DictionaryArray) -> pd.Categorical:
    """Make a pandas category of an area column; names that differ by outer blanks only are one."""
    names = as_text(coded.dictionary).to_pandas()
    codes = coded.indices.to_numpy(zero_copy_only=False)
    place, categories = pd.factorize(names)
    return pd.Categorical.from_codes(codes if len(categories) == len(names) else place[codes], categories=categories)


def _auxiliary(column: pa.ChunkedArray) -> "pd.Series":
    """Numbers as numbers, except codes: a column with a leading zero anywhere stays text."""
    if pa.types.is_string(column.type):
        column = as_text(column)
        if not pc.any(pc.match_substring_regex(column, r"^[+-]?0\d")).as_py():
            column = _as_numbers(column)
    return pd.Series(column.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get))


def _as_numbers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Read text as whole numbers, else as decimal ones; leave it text where it holds anything else."""
    for kind in (pa.int64(), pa.float64()):
        with suppress(pa.ArrowInvalid):
            return pc.cast(column, kind)
    return column
