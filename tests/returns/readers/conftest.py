"""Small contests into whose inbox the tests write files as the sources do."""

from collections.abc import Callable
from pathlib import Path

import pytest

from estimation.contest import load_contest
from estimation.returns import Intake, read_returns

MakeContest = Callable[..., Path]
ZONE = '[returns]\ntimezone = "Asia/Jakarta"\n'


@pytest.fixture
def take_in(make_contest: MakeContest) -> Callable[..., Intake]:
    """Read files (name: bytes or text) that lie in the inbox of a small contest; ``returns`` is its [returns] table."""

    def run(files: dict[str, bytes | str], returns: str = "", **contest: object) -> Intake:
        folder = make_contest(extra_toml=f"[returns]\n{returns}\n", **contest)
        for name, content in files.items():
            path = folder / "inbox" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return read_returns(load_contest(folder))

    return run


@pytest.fixture
def listed() -> Callable[..., list[tuple[str, int, str, str]]]:
    """Give code, line, column and value of what was found."""

    def run(intake: Intake, *codes: str) -> list[tuple[str, int, str, str]]:
        table = intake.findings.table
        table = table[table["code"].isin(codes)] if codes else table
        return list(table[["code", "line", "column", "value"]].itertuples(index=False, name=None))

    return run
