"""A contest with a known result, small enough to be rehearsed in a moment."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimation.seeds import generator

TOML = """\
[contest]
id = "town"
title = "A town"
kind = "walikota"
election_day = 2024-11-27
timezone = "Asia/Jakarta"
publish_after = 2024-11-27T15:00:00+07:00
rule = "plurality"
mode = "live"
release = "embargoed"

[[candidates]]
number = 1
name = "Candidate 1"

[[candidates]]
number = 2
name = "Candidate 2"

[design]
n = 120
seed = "town"

[estimate]
estimator = "ratio"
"""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give 240 stations in 4 districts of 6 villages; codes begin with a zero, rolls all differ."""
    rng = generator(1, "town")
    n, index = 240, np.arange(240)
    registered = 280 + rng.permutation(n)
    valid = np.rint(registered * rng.uniform(0.6, 0.85, n)).astype(int)
    invalid = rng.integers(1, 12, n)
    first = np.rint(valid * np.clip(0.55 + rng.normal(0, 0.08, n), 0.1, 0.9)).astype(int)
    frame = pd.DataFrame(
        {
            "tps_id": [f"{i:06d}" for i in index],
            "province": "P",
            "regency": "R",
            "district": [f"D{i // 60}" for i in index],
            "village": [f"V{i // 10}" for i in index],
            "tps": [f"{i % 10:03d}" for i in index],
            "registered": registered,
        }
    )
    official = pd.DataFrame({"tps_id": frame["tps_id"], "votes_1": first, "votes_2": valid - first})
    folder = tmp_path_factory.mktemp("made")
    (folder / "contest.toml").write_text(TOML, encoding="utf-8")
    frame.to_csv(folder / "frame.csv", index=False)
    official.assign(invalid=invalid, total=valid + invalid).to_csv(folder / "official.csv", index=False)
    (folder / "inbox").mkdir()
    return folder


@pytest.fixture
def town(made: Path, tmp_path: Path) -> Path:
    """Give a copy of it that a test may change."""
    return Path(shutil.copytree(made, tmp_path / "town"))
