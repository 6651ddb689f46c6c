"""A contest of which every number of the evaluation can be worked out by hand.

Twelve stations in the districts A, B and C, four in each, 200 valid votes in each, 100 + i of them for the first
candidate in station i. Three of each district are drawn (weight 4/3). One official station is not in the frame, and
station 12 has no official count. Station 9 has not reported, and the return of station 2 has 20 votes too many for the
first candidate and 20 too few for the second.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

DRAWN = (1, 4, 7, 2, 5, 8, 3, 6, 9)
HEADER = "tps_id,votes_1,votes_2,invalid,total\n"
SENT = {i: (100 + i, 100 - i) for i in DRAWN if i != 9} | {2: (122, 78)}
OFFICIAL = {f"{i:04d}": (100 + i, 100 - i) for i in range(1, 12)} | {"9999": (300, 100)}
TOML = '[estimate]\nestimator = "ratio"\n'


@dataclass(frozen=True)
class ByHand:
    """Makes folders of that contest; what differs is given."""

    make_contest: Callable[..., Path]
    header: str = HEADER
    toml: str = TOML
    sent: Mapping[int, tuple[int, ...]] = field(default_factory=lambda: dict(SENT))
    official: Mapping[str, tuple[int, ...]] = field(default_factory=lambda: dict(OFFICIAL))

    def __call__(
        self,
        *,
        sent: Mapping[int, tuple[int, ...]] | None = None,
        official: Mapping[str, tuple[int, ...]] | None = None,
        toml: str = TOML,
        **more: object,
    ) -> Path:
        sent, official = self.sent if sent is None else sent, official or self.official
        candidates = len(next(iter(official.values())))
        head = HEADER.replace("votes_2", ",".join(f"votes_{n}" for n in range(2, candidates + 1)))
        returns = {"returns.csv": head + self.rows({f"{i:04d}": votes for i, votes in sent.items()})}
        folder = self.make_contest(returns=returns, candidates=candidates, extra_toml=toml, **more)
        (folder / "official.csv").write_text(head + self.rows(official))
        drawn = "".join(f"{i:04d},{'ABC'[(i - 1) % 3]},0.75,{4 / 3:.9f},stratified\n" for i in DRAWN)
        (folder / "out").mkdir()
        (folder / "out" / "sample.csv").write_text("tps_id,stratum,probability,weight,method\n" + drawn)
        return folder

    @staticmethod
    def rows(votes: Mapping[str, tuple[int, ...]]) -> str:
        """Write counts with ten invalid votes in each station."""
        return "".join(f"{tps},{','.join(map(str, v))},10,{sum(v) + 10}\n" for tps, v in votes.items())


@pytest.fixture
def by_hand(make_contest: Callable[..., Path]) -> ByHand:
    """Make the folder of that contest, a new one at each call."""
    return ByHand(make_contest)
