"""Whatever happens between a form and the ledger, the night ends the same: nothing lost, nothing counted twice."""

import csv
import io
import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from estimation.contest import Contest, load_contest
from estimation.files import to_json
from estimation.night import play, prepare_rehearsal
from estimation.projection import Projection, project_contest, projection_document
from estimation.returns.ledger import ingest, intake, open_ledger, verify_chain
from estimation.simulation.faults import Faults


@dataclass(frozen=True)
class Evening:
    """A rehearsed evening, with every kind of fault at five times its rate.

    Attributes
    ----------
    folder : pathlib.Path
        Played to its end.
    files : mapping of str to bytes
        Its inbox.
    """

    folder: Path
    files: dict[str, bytes]


@pytest.fixture(scope="module", params=["quarter", "village"])
def evening(made: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Evening:
    to = tmp_path_factory.mktemp("evening") / "gladi"
    rehearsal = prepare_rehearsal(load_contest(made), to, faults=Faults().scale(5), by=request.param, seed="roads")
    play(rehearsal.script, rehearsal.inbox)
    return Evening(to, {path.name: path.read_bytes() for path in sorted(rehearsal.inbox.iterdir())})


@dataclass(frozen=True)
class Walk:
    """One way of taking the evening in."""

    contest: Contest
    files: dict[str, bytes]

    def put(self, name: str, content: bytes | None = None) -> None:
        path = self.contest.folder / "inbox" / name
        path.write_bytes(self.files[name] if content is None else content)

    def look(self, **options: Any) -> Any:
        ledger = open_ledger(self.contest)
        try:
            return ingest(ledger, **({"settle": 0} | options))
        finally:
            ledger.close()

    def end(self) -> tuple[str, str, Projection]:
        """Give the hash of what came in, ``projection.json``, and the projection."""
        ledger = open_ledger(self.contest)
        verify_chain(ledger)
        said = intake(ledger).sha256
        ledger.close()
        projection = project_contest(self.contest)
        return said, to_json(projection_document(projection)), projection


def straight(walk: Walk) -> None:
    for name in walk.files:
        walk.put(name)
    walk.look()


def backwards_one_by_one(walk: Walk) -> None:
    for name in reversed(walk.files):
        walk.put(name)
        walk.look()


def twice_and_under_other_names(walk: Walk) -> None:
    for name, content in list(walk.files.items())[::2]:
        walk.put(f"salinan {name}", content)
    walk.look()
    straight(walk)
    walk.look(every=True)
    for name, content in walk.files.items():
        walk.put(f"A-{name}", content.replace(b"\n", b"\r\n"))
    assert "received" not in walk.look().entered.kinds


def seen_while_they_are_written(walk: Walk) -> None:
    """Every file is caught half-written, grows before the second look, and waits."""
    rng = np.random.default_rng(4)

    def go_on(_: float) -> None:
        for name in walk.files:
            walk.put(name)

    for name, content in walk.files.items():
        walk.put(name, content[: int(rng.integers(1, len(content)))])
    first = walk.look(settle=1.0, sleep=go_on)
    assert (first.read, len(first.waiting)) == (0, len(walk.files))
    walk.look()


def half_written_for_long(walk: Walk) -> None:
    """Every file stands half-written, at three points, for longer than anybody waits, and is read each time."""
    rng = np.random.default_rng(5)
    for part in np.sort(rng.uniform(0, 1, (3, len(walk.files))), axis=0):
        for name, share in zip(walk.files, part, strict=True):
            walk.put(name, walk.files[name][: int(share * len(walk.files[name]))])
        walk.look()
    straight(walk)


def walked(evening: Evening, to: Path, road: Callable[[Walk], None]) -> tuple[str, str, Projection]:
    shutil.copytree(evening.folder, to, ignore=shutil.ignore_patterns("laporan*", "P-*", "ledger*", "takes"))
    walk = Walk(load_contest(to), evening.files)
    road(walk)
    return walk.end()


@pytest.mark.slow
def test_every_road_ends_the_same(evening: Evening, tmp_path: Path) -> None:
    said, bytes_, _ = walked(evening, tmp_path / "straight", straight)
    for road in (backwards_one_by_one, twice_and_under_other_names, seen_while_they_are_written):
        other = walked(evening, tmp_path / road.__name__, road)
        assert other[0] == said, road.__name__
        assert other[1] == bytes_, road.__name__


@pytest.mark.slow
def test_what_stood_half_written_leaves_no_trace_in_the_numbers(evening: Evening, tmp_path: Path) -> None:
    """The ledger keeps what it read of the halves: its hash is another, and they are counted among the returns."""
    whole, halves = (
        json.loads(walked(evening, tmp_path / road.__name__, road)[1]) for road in (straight, half_written_for_long)
    )
    for said in (whole, halves):
        del said["provenance"]["returns_sha256"]
        said["quality"] = {key: said["quality"][key] for key in ("stations", "used", "kept_out", "conflicting")}
        said["warnings"] = [warning["code"] for warning in said["warnings"]]
    assert halves == whole


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_counted_twice(evening: Evening, tmp_path: Path) -> None:
    shutil.copytree(evening.folder, tmp_path / "night")
    walk = Walk(load_contest(tmp_path / "night"), evening.files)
    result = walk.look()
    sent: Counter[tuple[str, ...]] = Counter()
    for content in evening.files.values():
        header, *rows = csv.reader(io.StringIO(content.decode()))
        sent.update(tuple(row) for row in rows if len(row) == len(header))
    projection = walk.end()[2]
    lost = projection.findings.table["code"].isin(["E213", "E214"])
    assert not lost.any()  # every row that was sent was read
    assert result.entered.rows == sent.total()
    assert result.entered.kinds["received"] == len(sent)
    assert result.entered.duplicates == sent.total() - len(sent) > 0
    judged = sum(result.entered.kinds.get(kind, 0) for kind in ("accepted", "corrected", "quarantined"))
    assert judged == len(sent)
    # a station that no fault met counts once, with its own numbers
    faulty = set(pd.read_csv(evening.folder / "out/rehearsal/faults.csv", dtype=str)["tps_id"])
    clean = pd.read_csv(evening.folder / "out/rehearsal/clean.csv", dtype={"tps_id": str}).set_index("tps_id")
    stations = projection.frame.table["tps_id"].iloc[projection.sample.rows].tolist()
    votes = projection.counts.votes.astype(int).tolist()
    mine = [(tps, got) for tps, got in zip(stations, votes, strict=True) if tps in clean.index and tps not in faulty]
    assert len(mine) >= 45
    assert [got for _, got in mine] == clean.loc[[tps for tps, _ in mine], ["votes_1", "votes_2"]].to_numpy().tolist()
