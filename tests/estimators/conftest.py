"""An election in which small stations come first and vote otherwise."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from estimation.estimators import weight_responding
from estimation.frame import Frame
from estimation.rules import Findings
from estimation.sampling import Strata, sample_of, strata_by, strata_for
from estimation.seeds import generator
from estimation.survey import Structure

NUMBER, DISTRICTS, DRAWN = 1200, 8, 20


@dataclass(frozen=True)
class Biased:
    """1,200 stations in 8 districts: shares rise with the roll and go with an earlier election."""

    frame: Frame
    strata: Strata
    votes: np.ndarray
    valid: np.ndarray
    size: np.ndarray
    strength: float = 0.5

    def at_random(self):
        return replace(self, strength=0.0)

    def night(self, part, seed=0):
        """Draw 20 stations of each district; a part of them is in, small ones first."""
        rng = generator(seed, "biased")
        own = NUMBER // DISTRICTS
        rows = np.concatenate([np.sort(rng.permutation(own)[:DRAWN]) + own * h for h in range(DISTRICTS)])
        keys = self.strength * self.size[rows] + np.sqrt(1 - self.strength**2) * rng.standard_normal(len(rows))
        probability = np.full(len(rows), DRAWN / own)
        sample = sample_of(rows, probability, self.strata, "stratified")
        return sample, np.argsort(np.argsort(keys)) < round(part * len(rows))

    def nights(self, part, number):
        """Lay nights behind each other: rows (b, n), what is in (b, n), the design of the drawn."""
        found = [self.night(part, seed) for seed in range(number)]
        rows, seen = np.stack([sample.rows for sample, _ in found]), np.stack([seen for _, seen in found])
        probability = found[0][0].probability
        weight = np.broadcast_to(1 / probability, rows.shape)
        return rows, seen, Structure(weight, self.strata.codes[rows], self.strata.size, probability=probability)


@pytest.fixture(scope="session")
def biased() -> Biased:
    rng = generator(3, "biased population")
    size = rng.standard_normal(NUMBER)
    district = np.arange(NUMBER) // (NUMBER // DISTRICTS)
    roll = np.rint(np.exp(5.5 + 0.35 * size))
    before = np.clip(0.5 + rng.normal(0, 0.06, DISTRICTS)[district] + rng.normal(0, 0.08, NUMBER), 0.05, 0.95)
    share = np.clip(0.1 + 0.8 * before + 0.06 * size + rng.normal(0, 0.04, NUMBER), 0.02, 0.98)
    valid = np.rint(roll * np.clip(0.75 + rng.normal(0, 0.05, NUMBER), 0.3, 1))
    table = pd.DataFrame(
        {
            "tps_id": [f"{i:04d}" for i in range(NUMBER)],
            "province": "P",
            "regency": "R",
            "district": [f"D{h}" for h in district],
            "village": [f"V{i // 25}" for i in range(NUMBER)],
            "tps": "001",
            "registered": roll,
            "baseline_1": before,
            "baseline_2": 1 - before,
        }
    )
    frame = Frame(table, "0" * 64, Findings.none())
    return Biased(frame, strata_by(frame, "district"), np.rint(valid * share), valid, size)


@pytest.fixture
def two_cells() -> tuple[Frame, np.ndarray, Strata, Structure, np.ndarray]:
    """40 stations in one district, all drawn with probability 0.1 of a larger frame; three sizes of roll."""
    size = np.repeat([0, 1, 2], [12, 16, 12])
    table = pd.DataFrame(
        {
            "tps_id": [f"{i:02d}" for i in range(40)],
            "province": "P",
            "regency": "R",
            "district": "D",
            "village": "V",
            "tps": "001",
            "registered": np.array([100.0, 300.0, 600.0])[size],
        }
    )
    frame = Frame(table, "0" * 64, Findings.none())
    place = np.concatenate([np.arange(12), np.arange(16), np.arange(12)])
    seen = place < np.array([10, 6, 5])[size]
    strata = strata_for(frame, "")
    sample = sample_of(np.arange(40), np.ones(40), strata, "simple")
    design = weight_responding(sample, seen).structure
    return frame, np.arange(40), strata, design, size
