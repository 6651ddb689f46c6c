"""Returns in a table, or from a query, of a database, through SQLAlchemy.

``[returns] database`` is a URL without a password, or ``env:NAME`` of an environment variable that holds the URL: no
credentials in the contest's file. ``table`` (or ``schema.table``) is read whole; ``query`` is a SELECT whose ``:names``
are bound from ``[returns] parameters`` and from ``contest``, the contest's id, never put into the text. Nothing is
written: the transaction is rolled back. A SQLite file is looked for from the contest's folder.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from estimation.contest import Contest
from estimation.errors import ReturnsError
from estimation.returns.readers.cells import as_columns
from estimation.returns.readers.normalise import RowBatch
from estimation.returns.readers.tabular import read_source
from estimation.tables import Table

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine, Executable

ROWS_AT_ONCE = 20_000
_READS = re.compile(r"\s*(?:select|with)\b", re.IGNORECASE)


def read_database(contest: Contest) -> RowBatch:
    """Read the contest's table or query.

    Raises
    ------
    ReturnsError
        The URL holds a password or can't be used; its driver is not installed; neither or both of table and query are
        named; the query is no SELECT or a parameter of it has no value; the database can't be reached or refuses.
    """
    import sqlalchemy as sa

    url = _url(contest)
    label = _label(contest)
    try:
        with _connection(sa.create_engine(url)) as connection:
            result = connection.execution_options(stream_results=True).execute(_statement(contest, connection))
            header = [str(name) for name in result.keys()]  # noqa: SIM118 (a result, no mapping)
            rows = [row for part in result.partitions(ROWS_AT_ONCE) for row in part]
    except ModuleNotFoundError as error:
        raise ReturnsError(
            f"{url.render_as_string(hide_password=True)}: the driver '{error.name}' is not installed: pip install "
            f"{error.name}, or name another in the URL, dialect+driver://"
        ) from error
    except sa.exc.SQLAlchemyError as error:
        shown = url.render_as_string(hide_password=True)
        told = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise ReturnsError(
            f"{shown}, {label}: the database can't be read ({told}): check [returns] database"
        ) from error
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise ReturnsError(f"{label}: column '{twice[0]}' stands there twice: give one of them another name with AS")
    data, numeric = as_columns(header, list(zip(*rows, strict=True)) if rows else [[] for _ in header])
    digest = hashlib.sha256("\x1e".join("\x1f".join(map(repr, row)) for row in rows).encode("utf-8")).hexdigest()
    lines = np.arange(1, len(rows) + 1)
    return read_source(Table(Path(label), data, digest, header_line=0, _lines=lines, _numeric=numeric), contest)


@contextmanager
def _connection(engine: "Engine") -> "Iterator[Connection]":
    try:
        with engine.connect() as connection:
            yield connection
            connection.rollback()
    finally:
        engine.dispose()


def _url(contest: Contest) -> "URL":
    import sqlalchemy as sa

    text = contest.returns.database or ""
    where = f"{contest.folder / 'contest.toml'}: [returns] database"
    named = text.removeprefix("env:") if text.startswith("env:") else None
    if named is not None:
        text = os.environ.get(named, "")
        if not text:
            raise ReturnsError(f"{where}: the environment variable {named} is not set: set it to the database's URL")
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError as error:
        raise ReturnsError(
            f"{where}: this is no URL of a database: write dialect://user@host/name, or env:NAME"
        ) from error
    if named is None and url.password is not None:
        raise ReturnsError(f"{where}: it holds a password: write env:NAME, and the URL into that environment variable")
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        path = contest.folder / url.database
        if not path.is_file():
            raise ReturnsError(f"{where}: there is no file {path}: correct the path")
        url = url.set(database=str(path))
    return url


def _label(contest: Contest) -> str:
    return f"database {contest.returns.table}" if contest.returns.table else "database query"


def _statement(contest: Contest, connection: "Connection") -> "Executable":
    import sqlalchemy as sa

    table, query = contest.returns.table, contest.returns.query
    where = f"{contest.folder / 'contest.toml'}: [returns]"
    if (table is None) == (query is None):
        raise ReturnsError(f"{where}: a database needs either table or query: name one of them")
    if table is not None:
        schema, _, name = table.rpartition(".")
        try:
            return sa.select(sa.Table(name, sa.MetaData(), schema=schema or None, autoload_with=connection))
        except sa.exc.NoSuchTableError as error:
            raise ReturnsError(f"{where} table: the database has no table '{table}': correct the name") from error
    assert query is not None
    if not _READS.match(query) or ";" in query.rstrip().rstrip(";"):
        raise ReturnsError(f"{where} query: it must be one SELECT: nothing is written to a database of returns")
    text = sa.text(query)
    values: dict[str, Any] = {"contest": contest.about.id, **contest.returns.parameters}
    names = list(text._bindparams)
    missing = [name for name in names if name not in values]
    if missing:
        raise ReturnsError(f"{where} query: ':{missing[0]}' has no value: write it into [returns] parameters")
    return text.bindparams(**{name: values[name] for name in names})
