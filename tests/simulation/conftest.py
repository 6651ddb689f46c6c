"""A contest that several tests of simulations share."""

import numpy as np
import pandas as pd
import pytest

from estimation.contest import load_contest
from estimation.seeds import generator
from estimation.simulation.population import open_population


@pytest.fixture(scope="session")
def large(tmp_path_factory):
    """Give 1,200 stations in 12 districts of 5 villages: rolls of 100 … 500, shares that differ by station."""
    rng = generator(1, "arrivals")
    n = 1200
    index = np.arange(n)
    registered = np.rint(rng.uniform(100, 500, n))
    valid = np.rint(registered * rng.uniform(0.6, 0.9, n))
    share = np.clip(0.52 + rng.normal(0, 0.05, 12)[index // 100] + rng.normal(0, 0.1, n), 0.02, 0.98)
    table = pd.DataFrame(
        {
            "tps_id": [f"{i:04d}" for i in index],
            "province": "P",
            "regency": "R",
            "district": [f"D{i // 100}" for i in index],
            "village": [f"V{i // 20}" for i in index],
            "tps": [f"{i % 20:03d}" for i in index],
            "registered": registered,
        }
    )
    first = np.rint(valid * share)
    official = pd.DataFrame(
        {"tps_id": table["tps_id"], "votes_1": first, "votes_2": valid - first, "invalid": 0, "total": valid}
    ).astype({"votes_1": int, "votes_2": int, "total": int})
    folder = tmp_path_factory.mktemp("large")
    (folder / "contest.toml").write_text(TOML, encoding="utf-8")
    table.astype({"registered": int}).to_csv(folder / "frame.csv", index=False)
    official.to_csv(folder / "official.csv", index=False)
    return open_population(load_contest(folder))


TOML = """\
[contest]
id = "large"
title = "A larger contest"
kind = "bupati"
election_day = 2024-11-27
timezone = "Asia/Jakarta"
publish_after = 2024-11-27T15:00:00+07:00
rule = "plurality"

[[candidates]]
number = 1
name = "Candidate 1"

[[candidates]]
number = 2
name = "Candidate 2"
"""
