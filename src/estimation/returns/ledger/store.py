"""One contest's ledger: where it is, whose it is, and the end of its chain."""

import os
import re
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import URL, Connection, Engine

from estimation.contest import Contest
from estimation.errors import ContestError, LedgerError
from estimation.returns.ledger.chain import GENESIS, Head, LedgerEvent, check_chain, file_record
from estimation.returns.ledger.schema import (
    EVENT,
    FILE,
    META,
    VERSION,
    create,
    database_url,
    open_engine,
    read_transaction,
    told,
    writing,
)
from estimation.returns.locate import DEFAULT, ENV, has_password

_BATCH = 10_000
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+]+:")  # two letters or more: C:\\ is a path
_COLUMNS = [EVENT.c[name] for name in LedgerEvent._fields]


@dataclass(frozen=True, slots=True)
class Ledger:
    """An open ledger.

    Attributes
    ----------
    engine : sqlalchemy.Engine
    contest : Contest
        Whose returns it holds.
    name : str
        What messages call it; never with a password.
    """

    engine: Engine
    contest: Contest
    name: str

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()


def open_ledger(contest: Contest, database: str | None = None) -> Ledger:
    """Open the ledger of a contest, and make it where there is none.

    Parameters
    ----------
    contest : Contest
    database : str, optional
        A path, a URL (``postgresql://USER@HOST/DATABASE``, ``sqlite://`` for one in memory), or ``env:NAME``: the
        URL is in that variable of the environment. By default ``[returns] ledger``, else ``out/ledger.sqlite``.

    Raises
    ------
    ContestError
        ``contest.toml`` holds a password.
    LedgerError
        The database can't be opened, or holds another contest's returns, or those of another mode: live returns and
        those of a rehearsal never stand in one ledger.
    """
    asked = _asked(contest, database)
    if _SCHEME.match(asked):
        url = database_url(asked)
    else:  # a path: on the command line as it stands, in contest.toml from the contest folder
        path = Path(asked) if database is not None else contest.folder / asked
        url = URL.create("sqlite", database=str(path))
    name = url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        name = str(url.database)
        Path(name).parent.mkdir(parents=True, exist_ok=True)
    engine = open_engine(url)
    ledger = Ledger(engine, contest, name)
    try:
        _claim(ledger)
    except BaseException:
        engine.dispose()
        raise
    return ledger


def _asked(contest: Contest, database: str | None) -> str:
    """Say what names the database: the option, the contest's key, or the default."""
    if database is None and contest.returns.ledger is not None and has_password(contest.returns.ledger):
        raise ContestError(
            f"{contest.folder / 'contest.toml'}: [returns] ledger holds a password, which is no place for one: write "
            f'ledger = "env:QUICKCOUNT_DATABASE" and put the URL in that variable of the environment'
        )
    text = database or contest.returns.ledger or DEFAULT
    if text.startswith(ENV):
        value = os.environ.get(text.removeprefix(ENV), "").strip()
        if not value:
            raise LedgerError(
                f"the ledger is '{text}', but the variable {text.removeprefix(ENV)} is not set: "
                f"export {text.removeprefix(ENV)}=postgresql://USER:PASSWORD@HOST/DATABASE"
            )
        return value
    return text


def _claim(ledger: Ledger) -> None:
    """Make the tables, or see that the ledger is this contest's and of its mode."""
    about = ledger.contest.about
    mine = {"version": VERSION, "contest": about.id, "mode": about.mode}
    with told(ledger.name):
        with ledger.engine.connect() as connection:
            ready = sa.inspect(connection).has_table(META.name)
        if not ready:
            with writing(ledger.engine, ledger.name) as connection:
                create(connection)
                if connection.execute(sa.select(sa.func.count()).select_from(META)).scalar() == 0:
                    connection.execute(META.insert(), [{"name": key, "value": value} for key, value in mine.items()])
        with read_transaction(ledger.engine, ledger.name) as connection:
            kept = {str(name): str(value) for name, value in connection.execute(sa.select(META))}
    if kept.get("version") != VERSION:
        raise LedgerError(
            f"{ledger.name}: this is a ledger of version {kept.get('version')}, version {VERSION} is needed: open it "
            f"with the program that made it, or enter the inbox into a new one"
        )
    if kept["contest"] != about.id:
        raise LedgerError(
            f"{ledger.name}: this is the ledger of the contest '{kept['contest']}', not of '{about.id}': name another "
            f"with --database or [returns] ledger"
        )
    if kept["mode"] != about.mode:
        raise LedgerError(
            f"{ledger.name}: this ledger holds {kept['mode']} returns, and the contest is in mode '{about.mode}'; "
            f"they never stand in one ledger: name another with --database or [returns] ledger"
        )


def head(connection: Connection) -> Head:
    """Give the end of the chain."""
    last = connection.execute(sa.select(EVENT.c.seq, EVENT.c.link).order_by(EVENT.c.seq.desc()).limit(1)).first()
    return Head(int(last.seq), bytes(last.link)) if last else Head(0, GENESIS)


def recorded_until(ledger: Ledger) -> datetime | None:
    """Give the moment of the newest event, up to which :func:`intake` gives all that there is; None of an empty one."""
    with read_transaction(ledger.engine, ledger.name) as connection:
        last = connection.execute(sa.select(sa.func.max(EVENT.c.recorded_at))).scalar()
    return datetime.fromisoformat(last) if last else None


def verify_chain(ledger: Ledger) -> Head:
    """Check every link of the chain, and that each file's record is the one that was entered.

    Returns
    -------
    Head
        The end of the chain. Compare it with one noted before: events cut off at the end leave a whole chain.

    Raises
    ------
    LedgerError
        Names the first event that was changed, taken out or put in.
    """
    with read_transaction(ledger.engine, ledger.name) as connection:
        with closing(_walk(connection)) as events:
            end = check_chain(events, ledger.name)
        reads = sa.select(EVENT.c.seq, EVENT.c.content, *FILE.c).join(FILE, FILE.c.seq == EVENT.c.seq, isouter=True)
        for row in connection.execute(reads.where(EVENT.c.kind == "read").order_by(EVENT.c.seq)).all():
            record = dict(zip([column.name for column in FILE.c], row[2:], strict=True))
            if record["seq"] is None or file_record(record)[1] != bytes(row.content):
                raise LedgerError(
                    f"{ledger.name}: the record of the file read by event {row.seq} ({record['name'] or 'gone'}) was "
                    f"changed after it had been entered: restore the ledger from a copy"
                )
    return end


def _walk(connection: Connection) -> Generator[tuple[LedgerEvent, bytes]]:
    query = sa.select(*_COLUMNS, EVENT.c.link).order_by(EVENT.c.seq)
    with connection.execute(query, execution_options={"yield_per": _BATCH}) as result:
        for part in result.partitions(_BATCH):
            for *values, link in part:
                yield LedgerEvent(*values), bytes(link)


def history(ledger: Ledger, tps_id: str) -> list[LedgerEvent]:
    """Give all events of one station in the order in which they were entered."""
    query = sa.select(*_COLUMNS).where(EVENT.c.tps_id == tps_id).order_by(EVENT.c.seq)
    with read_transaction(ledger.engine, ledger.name) as connection:
        return [LedgerEvent(*row) for row in connection.execute(query)]


def now() -> datetime:
    """Give the present moment in UTC."""
    return datetime.now(UTC)
