"""How the sources that teams use name their columns: ``layouts.toml``, as objects."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from estimation.columns import RETURN_COLUMNS, plain_name, rename
from estimation.contest import Contest
from estimation.errors import ReturnsError
from estimation.tables import Table


@dataclass(frozen=True, slots=True)
class Layout:
    """One layout: the table of its name in ``layouts.toml``, which says what each entry means."""

    name: str
    title: str
    marks: tuple[frozenset[str], ...] = ()
    prefix: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    status: Mapping[str, str] = field(default_factory=dict)
    zone: str = ""
    source: str | None = None
    bare: bool = False
    partial: bool = False

    def fits(self, header: Sequence[str]) -> bool:
        """Tell whether a header is of this layout."""
        names = {name.strip().casefold() for name in header}
        return any(mark <= names for mark in self.marks)

    def field_of(self, raw: str) -> str:
        """Give the name of a field without that of its groups."""
        return raw.rsplit(self.prefix, 1)[-1] if self.prefix else raw

    def names(self, header: Sequence[str], where: str, contest: Contest) -> dict[str, str]:
        """Map headers to our columns: the contest's names first, then the layout's, then those that all know.

        Raises
        ------
        TableError
            Two headers mean the same column.
        """
        given = {plain_name(key): value for key, value in contest.returns.columns.items()}
        own = {plain_name(key): value for key, value in self.columns.items()}
        mapping = {}
        for raw in header:
            name = given.get(plain_name(raw)) or given.get(plain_name(self.field_of(raw)))
            if name is not None:
                mapping[raw] = name
        asked = set(mapping.values())
        for raw in header:
            part = self.field_of(raw)
            # a field in a group is found by our own names too, which `rename` looks up for whole headers only
            name = own.get(plain_name(raw)) or own.get(plain_name(part))
            if name is None and part != raw:
                name = rename([part], RETURN_COLUMNS, where).get(part)
            if name is not None and name not in asked:
                mapping.setdefault(raw, name)
        return rename(header, RETURN_COLUMNS, where, mapping)

    def ignored(self, raw: str) -> bool:
        """Tell whether a header is known and not needed."""
        names = (plain_name(raw), plain_name(self.field_of(raw)))
        return any(re.fullmatch(pattern, name) for pattern in self.ignore for name in names)

    def statuses(self, contest: Contest) -> dict[str, str]:
        """Map review states, folded, to ours: the contest's first."""
        ours = {name: name for name in ("received", "verified", "rejected")}
        given = {plain_name(state): status for state, status in contest.returns.statuses.items()}
        return ours | dict(self.status) | given


@dataclass(frozen=True, slots=True)
class Personal:
    """The words that make a header one of personal data; see ``layouts.toml``."""

    always: frozenset[str]
    names: frozenset[str]
    places: frozenset[str]

    def holds(self, raw: str) -> bool:
        """Tell whether a header is one of names, telephone numbers and the like."""
        words = set(plain_name(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", raw)).split("_")) | {plain_name(raw)}
        return bool(words & self.always) or bool(words & self.names and not words & self.places)


@cache
def layouts() -> Mapping[str, Layout]:
    """Give the layouts by name."""
    return MappingProxyType({name: _layout(name, raw) for name, raw in _raw().items() if name != "personal"})


@cache
def personal() -> Personal:
    """Give the words of personal headers."""
    return Personal(**{key: frozenset(words) for key, words in _raw()["personal"].items()})


def layout_of(source: Table, contest: Contest) -> Layout:
    """Choose the layout of a table: the one that the contest names, else by its header."""
    known = layouts()
    if contest.returns.format not in ("auto", "kpu"):
        return known[contest.returns.format]
    return next((layout for layout in known.values() if layout.fits(source.header)), known["table"])


def _layout(name: str, raw: Mapping[str, Any]) -> Layout:
    values = dict(raw)
    values["marks"] = tuple(frozenset(n.casefold() for n in mark) for mark in raw.get("marks", ()))
    values["ignore"] = tuple(raw.get("ignore", ()))
    try:
        return Layout(name, **values)
    except TypeError as error:
        raise ReturnsError(f"layouts.toml: table [{name}] has an entry that no layout has ({error})") from error


@cache
def _raw() -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "layouts.toml").read_text(encoding="utf-8"))
