"""Fixtures that every test may use: shared data, the demo contest, and small contests made to order."""

import csv
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from estimation.cli import main
from estimation.simulation.showcase import make_showcase
from estimation.workers import processes

settings.register_profile("quickcount", deadline=None)  # a busy machine is no failure
settings.load_profile("quickcount")
# one fork server serves all tests of a run: whichever test starts it, reports find what they need imported
processes._preload.update(dict.fromkeys(["estimation.night.batch_job", "estimation.publish.warm"]))

ROOT = Path(__file__).resolve().parents[1]

Row = Mapping[str, Any]
Rows = str | Sequence[Row]

HEAD = """\
[contest]
id = "small"
title = "A small contest"
kind = "bupati"
election_day = 2024-11-27
timezone = "Asia/Jakarta"
publish_after = 2024-11-27T15:00:00+07:00
rule = "{rule}"
"""


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder beside the repository with real elections in ``data``, never committed: ``QUICKCOUNT_SHARED``."""
    folder = Path(os.environ.get("QUICKCOUNT_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"real elections are not here: {folder / 'data'} is absent (set QUICKCOUNT_SHARED)")
    return folder


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The contest folder of the Situbondo demo, sample drawn and returns in; write only to its ``out``."""
    return make_showcase("situbondo-2024", tmp_path_factory.mktemp("demo"))


def small_frame(stations: int) -> list[dict[str, Any]]:
    """Spread stations evenly over three districts of one regency, two villages in each.

    Station i (from 1) is ``0001``, ``0002``, … with 300 + i registered voters. The villages take
    turns, so that stations i and i + 6 lie in one village.
    """
    return [
        {
            "tps_id": f"{i:04d}",
            "province": "JAWA",
            "regency": "KOTA",
            "district": "ABC"[(i - 1) % 3],
            "village": f"DESA {(i - 1) % 6 + 1}",
            "tps": f"{i:03d}",
            "registered": 300 + i,
        }
        for i in range(1, stations + 1)
    ]


def write_rows(path: Path, rows: Rows) -> None:
    """Write text as it is, or mappings as CSV with the union of their keys; None is a blank."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(rows, str):
        path.write_bytes(rows.encode("utf-8"))
        return
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def make_contest(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make the folder of a small valid contest, a new one at each call.

    ``make_contest(*, stations=12, candidates=2, rule="plurality", returns=None, extra_toml="")``

    stations
        A number (see ``small_frame``: ``0001`` … in 3 districts and 6 villages, 301 … voters), or
        ``frame.csv`` itself as rows (mappings) or as text.
    candidates
        How many: ``Candidate 1``, … With the rule ``single-candidate`` the last is the empty column.
    rule
        ``plurality``, ``majority-runoff`` or ``single-candidate``.
    returns
        ``{file name: rows or text}`` for the inbox, or rows or text for ``inbox/returns.csv``;
        None makes an empty inbox.
    extra_toml
        Added at the end of ``contest.toml``, for example a ``[returns]`` table.
    """

    def make(
        *,
        stations: int | Rows = 12,
        candidates: int = 2,
        rule: str = "plurality",
        returns: Rows | Mapping[str, Rows] | None = None,
        extra_toml: str = "",
    ) -> Path:
        folder = tmp_path_factory.mktemp("contest")
        toml = HEAD.format(rule=rule)
        for number in range(1, candidates + 1):
            toml += f'\n[[candidates]]\nnumber = {number}\nname = "Candidate {number}"\n'
        if rule == "single-candidate":
            toml += "empty_column = true\n"
        (folder / "contest.toml").write_text(toml + "\n" + extra_toml, encoding="utf-8")
        write_rows(folder / "frame.csv", small_frame(stations) if isinstance(stations, int) else stations)
        (folder / "inbox").mkdir()
        files = returns if isinstance(returns, Mapping) else {} if returns is None else {"returns.csv": returns}
        for name, rows in files.items():
            write_rows(folder / "inbox" / name, rows)
        return folder

    return make


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command: ``run("draw", folder, "--n", 12)`` gives its exit status, standard output and error."""

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["quickcount", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return call
