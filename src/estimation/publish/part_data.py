"""Parts read from their data again, and the texts of a part with the place of each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import is_dataclass
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from estimation.errors import ReportError
from estimation.publish import page_table
from estimation.publish import part as parts
from estimation.publish.page_table import cell_text

_KINDS = {
    name: kind
    for name, kind in {**vars(page_table), **vars(parts)}.items()
    if isinstance(kind, type) and is_dataclass(kind)
}
_MARKUP = frozenset({"is", "color", "ink", "style"})  # data that say how, not what


def from_data(data: Any) -> Any:
    """Make a part of its data.

    Raises
    ------
    ReportError
        These are not the data of a part.
    """
    if isinstance(data, list):
        return tuple(from_data(one) for one in data)
    if isinstance(data, dict) and "is" in data:
        values = {name: from_data(value) for name, value in data.items() if name != "is"}
        try:
            kind = _KINDS[data["is"]]
            made = kind(**values)
        except (KeyError, TypeError) as error:
            raise ReportError(f"these are no data of a part of a page: {error}") from error
        wrong = [name for name, value in values.items() if not _fits(value, _hints(kind)[name])]
        if wrong:
            raise ReportError(f"these are no data of a part of a page: {data['is']} with another {', '.join(wrong)}")
        return made
    return data


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _fits(value: Any, hint: Any) -> bool:
    """Say whether a value is of the type that a field has."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is UnionType:
        return any(_fits(value, one) for one in args)
    if origin is tuple:
        each = args[:1] * len(value) if isinstance(value, tuple) and args[1:] == (...,) else args
        return isinstance(value, tuple) and len(value) == len(each) and all(map(_fits, value, each))
    if origin is dict:
        return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
    return isinstance(value, (int, float) if hint is float else hint)


Leaf = Callable[[str, str, bool], Any]  # given a place, a text and whether it is markup; what to put there


def replaced(data: Any, leaf: Leaf, place: str = "") -> Any:
    """Put something else for every text that a part shows.

    Parameters
    ----------
    data : object
        From :func:`to_data`.
    leaf : callable
        Is given the place (the part's name; in a table row and column too), the text, and whether it is a picture.
    """
    if isinstance(data, str):
        return leaf(place, data, False)
    if isinstance(data, list):
        return [replaced(one, leaf, place) for one in data]
    if not isinstance(data, Mapping):
        return data
    if not place:  # a part
        place = str(data.get("name", ""))
        return {key: value if key in ("is", "name") else _below(key, value, leaf, place) for key, value in data.items()}
    if "rows" not in data:
        return {key: _below(key, value, leaf, place) for key, value in data.items()}
    header = data["header"]
    changed = {key: _below(key, value, leaf, place) for key, value in data.items() if key not in ("header", "rows")}
    changed["header"] = replaced(header, leaf, f"{place}, heading")
    changed["rows"] = []
    for row in data["rows"]:
        label = cell_text(from_data(row[0])) if row else ""
        changed["rows"].append(
            [replaced(cell, leaf, f"{place}, {label}, {_column(header, i)}") for i, cell in enumerate(row)]
        )
    return {key: changed[key] for key in data}


def _column(header: Sequence[str], i: int) -> str:
    return header[i] if i < len(header) else str(i + 1)


def _below(key: str, value: Any, leaf: Leaf, place: str) -> Any:
    if key in _MARKUP:
        return value
    if key == "svg":
        return {width: leaf(f"{place}, picture", svg, True) for width, svg in value.items()}
    if key == "content":
        return leaf(place, value, True)
    return replaced(value, leaf, f"{place}, description" if key == "alt" else place)
