"""Writes the tables of the reference from the code: columns, keys, rules, schemas, public names.

A page asks for a table by a comment of its own on a line, ``<!-- generated: rules -->``; it is replaced while the site
is built, so that no copy of what the code says is ever committed.
"""

import importlib
import inspect
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

import estimation
from estimation import columns
from estimation.cli import cli
from estimation.contest import settings
from estimation.rules import RULES
from estimation.words import catalogue

_HERE = Path(__file__).parent
_SCHEMAS = Path(estimation.__file__).parent / "schemas"
_MARK = re.compile(r"^<!-- generated: ([a-z-]+)(?: ([A-Za-z0-9_.-]+))? -->$", re.MULTILINE)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").strip() or " "


def _grid(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a Markdown table."""
    head = list(header)
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


# --- contest.toml ----------------------------------------------------------------------------------------------------


def _limits(metadata: Iterable[object]) -> str:
    """Say the bounds of an annotated number or text."""
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    limits = []
    for constraint in (c for item in metadata for c in getattr(item, "metadata", [item])):
        limits += [f"{sign} {getattr(constraint, name)}" for name, sign in signs.items() if hasattr(constraint, name)]
        if getattr(constraint, "pattern", None):
            limits.append(f"`{constraint.pattern}`")
        if getattr(constraint, "min_length", None):
            limits.append("not empty")
    return f" ({', '.join(limits)})" if limits else ""


_NAMES = {"ZoneInfo": "time zone", "str": "text", "int": "integer", "float": "number", "bool": "true or false",
          "date": "date", "AwareDatetime": "time with UTC offset"}  # fmt: skip


def _type(hint: Any) -> str:
    """Say a type as a person who writes TOML says it."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _type(args[0]) + _limits(hint.__metadata__)
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in args)
    if origin in (Union, UnionType):
        return " or ".join(_type(arg) for arg in args if arg is not NoneType)
    if origin is tuple:
        whole = args[1:] == (Ellipsis,)
        return f"list of {_type(args[0])}" if whole else f"[{', '.join(_type(arg) for arg in args)}]"
    if origin is dict:
        return f"table of {_type(args[1])}"
    return _NAMES.get(getattr(hint, "__name__", ""), getattr(hint, "__name__", str(hint)))


def _default(field: "Field[Any]") -> str:
    if field.default is MISSING:
        return "required" if field.default_factory is MISSING else "empty"
    if field.default is None:
        return "not set"
    if isinstance(field.default, bool):
        return f"`{str(field.default).lower()}`"
    if isinstance(field.default, tuple):
        return f"`{json.dumps(list(field.default))}`" if field.default else "empty"
    return f"`{json.dumps(field.default)}`" if field.default != "" else "empty"


def _table_class(hint: Any) -> type | None:
    """Find the dataclass that a field of a contest is made of."""
    options = [hint, *get_args(hint)]
    return next((option for option in options if isinstance(option, type) and is_dataclass(option)), None)


def contest_keys() -> str:
    """List every key of ``contest.toml``; its meaning stands in ``contest_keys.toml``, and neither lacks the other."""
    meanings: dict[str, dict[str, str]] = tomllib.loads((_HERE.parent / "contest_keys.toml").read_text("utf-8"))
    parts, missing = [], []
    for field, hint in get_type_hints(settings.Contest, include_extras=True).items():
        table = _table_class(hint)
        if table is None:
            continue
        name = "contest" if field == "about" else field
        texts = meanings.pop(name, {})
        hints = get_type_hints(table, include_extras=True)
        rows = []
        for key in fields(table):
            meaning = texts.pop(key.name, "")
            missing += [] if meaning else [f"[{name}] {key.name} has no meaning"]
            rows.append((f"`{key.name}`", _type(hints[key.name]), _default(key), meaning))
        missing += [f"[{name}] {key} is no key" for key in texts if key != "_"]
        heading = f"[[{name}]]" if name == "candidates" else f"[{name}]"
        parts.append(f"## `{heading}`\n\n{texts.get('_', '')}\n\n" + _grid(("key", "type", "default", "meaning"), rows))
    missing += [f"[{name}] is no table" for name in meanings]
    if missing:
        raise ExtensionError(f"docs/contest_keys.toml and the contest's tables differ: {'; '.join(missing)}")
    return "\n".join(parts)


# --- columns, rules, schemas -----------------------------------------------------------------------------------------


def column_names(which: str) -> str:
    """List the columns of a table of ``estimation.columns`` with their other names."""
    table: tuple[columns.Column, ...] = getattr(columns, f"{which.upper()}_COLUMNS")
    rows = [(f"`{c.name}`", ", ".join(f"`{alias}`" for alias in c.aliases)) for c in table]
    return _grid(("column", "also understood"), rows)


def rules() -> str:
    """List every coded rule in both languages."""
    indonesian = catalogue("id")
    families = {
        "E1": "A frame that can't be used", "W1": "A frame that is odd", "E2": "A return that is kept out",
        "W2": "A return that is used and listed", "E3": "A projection that can't be made",
        "W3": "What a projection tells its reader", "W4": "The night", "C": "Why somebody is called, or nobody",
    }  # fmt: skip
    parts, left = [], dict(RULES)
    for begin, heading in families.items():
        family = [left.pop(code) for code in sorted(left) if code.startswith(begin)]
        if family:
            rows = [(f"`{rule.code}`", rule.text, rule.remedy, indonesian[f"rules.{rule.code}"]) for rule in family]
            parts.append(f"## {heading}\n\n" + _grid(("code", "English", "what to do", "Indonesian"), rows))
    if left:
        raise ExtensionError(f"docs: rules of no family: {', '.join(left)}")
    return "\n".join(parts)


def schema(name: str) -> str:
    """List every field of a published JSON Schema."""
    whole = json.loads((_SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    rows: list[tuple[str, str, str]] = []

    def look(node: Mapping[str, Any], path: str, described: str) -> None:
        described = described or str(node.get("description", ""))
        if "$ref" in node:
            reference = str(node["$ref"]).rsplit("/", 1)[-1]
            inner = {**whole.get("$defs", {})[reference], **{k: v for k, v in node.items() if k != "$ref"}}
            return look(inner, path, described)
        options = node.get("anyOf") or node.get("oneOf")
        if options:
            kinds = [option for option in options if option.get("type") != "null"]
            if len(kinds) == 1:
                return look({**kinds[0], "nullable": len(options) > 1}, path, described)
        if path:
            rows.append((f"`{path}`", _kind(node), described))
        for key, value in node.get("properties", {}).items():
            look(value, f"{path}.{key}" if path else key, "")
        if isinstance(node.get("items"), Mapping) and node["items"].keys() & {"properties", "$ref"}:
            item = node["items"]
            target = whole["$defs"][item["$ref"].rsplit("/", 1)[-1]] if "$ref" in item else item
            for key, value in target.get("properties", {}).items():
                look(value, f"{path}[].{key}", "")
        return None

    look(whole, "", "")
    return _grid(("field", "type", "meaning"), rows)


def _kind(node: Mapping[str, Any]) -> str:
    if "const" in node:
        return f"`{json.dumps(node['const'])}`"
    if "enum" in node:
        return ", ".join(f"`{json.dumps(value)}`" for value in node["enum"])
    kinds = node.get("type", "any")
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    kinds += ["null"] if node.get("nullable") and "null" not in kinds else []
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    limits = [f"{sign} {node[name]}" for name, sign in signs.items() if name in node]
    return " or ".join(kinds) + (f" ({', '.join(limits)})" if limits else "")


# --- the house ---------------------------------------------------------------------------------------------------


def layers() -> str:
    """List the layers that import-linter holds, from the top down, each with its module's first line."""
    project = tomllib.loads((_HERE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = project["tool"]["importlinter"]["contracts"]
    rows = []
    for floor, line in enumerate(contract["layers"], start=1):
        for name in (part.strip() for part in line.split("|")):
            module = importlib.import_module(f"estimation.{name}")
            rows.append((str(floor), f"`{name}`", (module.__doc__ or "").strip().splitlines()[0]))
    return _grid(("floor", "module", "what it is"), rows)


def verbs() -> str:
    """Document every verb of the command, in the order of its help."""
    context = click.Context(cli)
    lines = []
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        assert command.callback is not None
        home = command.callback.__module__
        lines += [f".. click:: {home}:{name}", f"   :prog: quickcount {name}", "   :nested: full", ""]
    return "````{eval-rst}\n" + "\n".join(lines) + "\n````\n"


# --- Python ----------------------------------------------------------------------------------------------------------


def public_names(module: str) -> str:
    """Document every name that a module exports, functions before classes; what is public stands on one page alone."""
    home = importlib.import_module(module)
    functions: list[str] = []
    classes: list[str] = []
    elsewhere: list[str] = []
    public = {id(getattr(estimation, name)) for name in getattr(estimation, "__all__", ())}
    for name in getattr(home, "__all__", ()):
        thing = getattr(home, name)
        if not callable(thing) or not (thing.__doc__ or "").strip():
            continue  # constants and type aliases: what they hold stands where they are used
        if home is not estimation and id(thing) in public:
            elsewhere.append(f"`{name}`")
        elif inspect.isclass(thing):
            classes += [f".. autoclass:: {module}.{name}", "   :members:", ""]
        else:
            functions += [f".. autofunction:: {module}.{name}", ""]
    pointer = f"{', '.join(elsewhere)}: see [Python](python.md).\n\n" if elsewhere else ""
    return pointer + "````{eval-rst}\n" + "\n".join(functions + classes) + "\n````\n"


_MAKE: Mapping[str, Callable[..., str]] = {
    "contest-keys": contest_keys,
    "columns": column_names,
    "rules": rules,
    "schema": schema,
    "layers": layers,
    "verbs": verbs,
    "names": public_names,
}


def _replace(match: "re.Match[str]") -> str:
    name, argument = match.groups()
    if name not in _MAKE:
        raise ExtensionError(f"docs: nothing generates '{name}': known are {', '.join(_MAKE)}")
    return _MAKE[name](argument) if argument else _MAKE[name]()


def _fill(app: Sphinx, document: str, source: list[str]) -> None:
    source[0] = _MARK.sub(_replace, source[0])


def _unlink(app: Sphinx, doctree: nodes.document, document: str) -> None:
    """Make a text of what would be a link to the network, as ``tcp://host:8786`` in the help of an option."""
    for link in list(doctree.findall(nodes.reference)):
        if "://" in link.get("refuri", ""):
            link.replace_self(link.children)


def setup(app: Sphinx) -> dict[str, bool]:
    """Let every page ask for generated tables."""
    app.connect("source-read", _fill)
    app.connect("doctree-resolved", _unlink)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
