"""Ledgers to write to, on SQLite and, where a server is at hand, on PostgreSQL."""

import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from estimation.contest import load_contest
from estimation.frame import load_frame
from estimation.returns import Intake, resolve
from estimation.returns.ledger import Ledger, LedgerEvent, history, ingest, intake, open_ledger

MakeContest = Callable[..., Path]
Row = dict[str, Any]


def form(clock: str = "16:00", a: int = 100, **other: Any) -> Row:
    """A return of station 0001 with ``a`` and 150 votes and 10 invalid ones."""
    row = {"tps_id": "0001", "received_at": f"2024-11-27T{clock}:00+07:00", "votes_1": a, "votes_2": 150}
    row |= {"invalid": 10, "total": a + 160, "source": "officer", "reporter": None}
    return row | other


@dataclass(frozen=True)
class Night:
    """A small contest with its inbox and its ledger."""

    ledger: Ledger

    def send(self, name: str, rows: Sequence[Mapping[str, Any]]) -> Path:
        """Put a file in the inbox, in place of one of that name."""
        path = self.ledger.contest.folder / "inbox" / name
        pd.DataFrame(rows).to_csv(path, index=False)
        return path

    def look(self, **options: Any) -> tuple[int, int]:
        """Look through the inbox without waiting; gives the numbers of new returns and of known ones."""
        result = ingest(self.ledger, settle=0, **options)
        return result.entered.kinds.get("received", 0), result.entered.duplicates

    def state(self, as_of: datetime | None = None) -> Intake:
        return intake(self.ledger, as_of)

    def votes(self, as_of: datetime | None = None) -> dict[str, int | None]:
        """Give the first candidate's votes by station, None where no return is used."""
        frame = load_frame(self.ledger.contest)
        table = resolve(self.ledger.contest, frame, self.state(as_of), np.arange(len(frame)), as_of).table
        ids = frame.table["tps_id"].iloc[table["row"]]
        return {
            str(tps): int(count) if usable else None
            for tps, count, usable in zip(ids, table["votes_1"], table["usable"], strict=True)
        }

    def events(self, tps_id: str = "0001") -> list[LedgerEvent]:
        return history(self.ledger, tps_id)

    def kinds(self, tps_id: str = "0001") -> list[str]:
        return [event.kind for event in self.events(tps_id)]


@pytest.fixture(name="form")
def a_form() -> Callable[..., Row]:
    """Make a return: ``form(clock="16:00", a=100, **columns)``."""
    return form


@pytest.fixture
def server() -> str:
    """The URL of a PostgreSQL server that tests may write to."""
    url = os.environ.get("QUICKCOUNT_TEST_POSTGRES")
    if not url:
        pytest.skip("no PostgreSQL server: QUICKCOUNT_TEST_POSTGRES is not set (.ci/run starts one)")
    return url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A new database for each test: a file, or a schema of its own on the server."""
    if request.param == "sqlite":
        yield str(tmp_path / "ledger.sqlite")
        return
    import psycopg

    url, schema = request.getfixturevalue("server"), f"t{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
        yield f"{url}?options=-csearch_path%3D{schema}"
        connection.execute(f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture
def opened(make_contest: MakeContest, database: str) -> Iterator[Callable[..., Night]]:
    """Open the ledger of a small contest with these returns in the inbox; all are closed at the end."""
    nights: list[Night] = []

    def run(returns: Any = None, *, database: str = database, **other: Any) -> Night:
        nights.append(Night(open_ledger(load_contest(make_contest(returns=returns, **other)), database)))
        return nights[-1]

    yield run
    for night in nights:
        night.ledger.close()
