"""The ledger's tables, and how a database is opened so that two writers never enter at once."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    text,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, SQLAlchemyError

from estimation.errors import LedgerError

VERSION = "1"
PATIENCE = 60.0  # seconds that a writer waits for another
_LOCK = int.from_bytes(b"qkcount\0", "big")  # advisory lock of PostgreSQL, the same for all our processes
_tables = MetaData()

META = Table("meta", _tables, Column("name", String(40), primary_key=True), Column("value", Text, nullable=False))

EVENT = Table(
    "event",
    _tables,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("kind", String(12), nullable=False),
    Column("content", LargeBinary(32), nullable=False),  # of the return that it brings or is about; of the file read
    Column("tps_id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("received_at", String(27), nullable=False),  # UTC; '' where the return has no time
    Column("recorded_at", String(27), nullable=False),
    Column("file", BigInteger, nullable=False),  # the event of the file's reading; 0 for a verifier's mark
    Column("place", Text, nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    Column("replaces", LargeBinary(32)),  # what a file said before it was overwritten
    Column("payload", Text),  # the return itself, in canonical text
    Column("link", LargeBinary(32), nullable=False),
)
Index("event_once", EVENT.c.content, unique=True, sqlite_where=text("payload IS NOT NULL"),
      postgresql_where=text("payload IS NOT NULL"))  # fmt: skip
Index("event_station", EVENT.c.tps_id)
Index("event_replaces", EVENT.c.content, sqlite_where=text("replaces IS NOT NULL"),
      postgresql_where=text("replaces IS NOT NULL"))  # fmt: skip

FILE = Table(
    "file",
    _tables,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("path", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("modified_at", String(27), nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("findings", Text, nullable=False),  # of the file as a whole, JSON
    Column("frame_sha256", String(64), nullable=False),  # that its rows were judged by
    Column("stamp", Text, nullable=False),  # size and time when last looked at: bookkeeping, no part of the record
)
Index("file_path", FILE.c.path)


def database_url(text_: str) -> URL:
    """Read a database URL; ``postgresql://`` means the driver psycopg.

    Raises
    ------
    LedgerError
        It is none, or of a database that the ledger doesn't know.
    """
    try:
        url = make_url(text_)
    except (ArgumentError, ValueError) as error:  # ValueError: a port that is no number
        raise LedgerError(
            "the ledger's database is no URL: write a path, or postgresql://USER@HOST/DATABASE"
        ) from error
    kind = url.get_backend_name()
    if kind not in ("sqlite", "postgresql"):
        raise LedgerError(f"the ledger can't be kept in '{kind}': use SQLite or PostgreSQL")
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def open_engine(url: URL) -> Engine:
    """Make the engine: SQLite with a write-ahead log and real transactions, PostgreSQL as it is."""
    if url.get_backend_name() != "sqlite":
        try:
            return create_engine(url, connect_args={"client_encoding": "utf8"})  # whatever the server's own is
        except (ModuleNotFoundError, NoSuchModuleError) as error:
            raise LedgerError(
                "PostgreSQL needs the driver psycopg: install it with pip install 'quickcount[postgres]'"
            ) from error
    engine = create_engine(url, connect_args={"timeout": PATIENCE})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    until = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except connection.OperationalError:  # another process makes the file at this moment
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -65536")  # 64 MiB: a large file does not spill its pages one by one


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


@contextmanager
def writing(engine: Engine, name: str) -> Iterator[Connection]:
    """Open a transaction that no other writer can interleave with: all of it is kept, or nothing."""
    with told(name), engine.connect().execution_options(write=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        yield connection


@contextmanager
def read_transaction(engine: Engine, name: str) -> Iterator[Connection]:
    """Open a transaction that sees one state of the ledger."""
    with told(name), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


@contextmanager
def told(name: str) -> Iterator[None]:
    """Say a database's error in the project's own words."""
    try:
        yield
    except OperationalError as error:
        raise LedgerError(
            f"{name}: the database can't be reached or written ({_first_line(error)}): check that it runs, the path "
            f"and the permissions, and that no other program holds it"
        ) from error
    except SQLAlchemyError as error:
        raise LedgerError(
            f"{name}: the database refused ({_first_line(error)}): is it a ledger of this program?"
        ) from error


def _first_line(error: SQLAlchemyError) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__


def create(connection: Connection) -> None:
    """Make the tables that are not there yet."""
    _tables.create_all(connection)
