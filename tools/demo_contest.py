"""The two demo contests: their seeds, their clocks and the files of a contest folder."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
from demo_evening import returns
from demo_population import Facts, read_facts, simulate

# Blue and burnt orange: told apart with any colour vision, contrast above 4.5:1 on white, no party's own.
COLORS = ("#1F5FA8", "#B4501E")


@dataclass(frozen=True, slots=True)
class Demo:
    """What a demo contest adds to the facts: its name, its clock and the seed of its numbers.

    Attributes
    ----------
    name : str
        The contest's id and its folder's name.
    title, regency, timezone : str
    publish_after : str
        ISO 8601 with offset: two hours after voting ends in western Indonesia (UU 7/2017 art. 449).
    seed : str
        Of the population and of the evening.
    """

    name: str
    title: str
    regency: str
    timezone: str
    publish_after: str
    seed: str

    @property
    def closes(self) -> datetime:
        """When voting ends: 13:00 on the regency's own clock."""
        return datetime(2024, 11, 27, 13, tzinfo=ZoneInfo(self.timezone))


DEMOS = (
    Demo(
        name="situbondo-2024",
        title="Pemilihan Bupati Situbondo 2024",
        regency="SITUBONDO",
        timezone="Asia/Jakarta",
        publish_after="2024-11-27T15:00:00+07:00",
        seed="situbondo-2024",
    ),
    Demo(
        name="gianyar-2024",
        title="Pemilihan Bupati Gianyar 2024",
        regency="GIANYAR",
        timezone="Asia/Makassar",
        publish_after="2024-11-27T16:00:00+08:00",
        seed="gianyar-2024",
    ),
)

CONTEST = """\
# DEMO. The counts of single stations (TPS) are SIMULATED; only their sums by district, the roll and
# the names of candidates and villages are real. See data/README.md. Written by `make data`.

[contest]
id = "{demo.name}"
title = "{demo.title}"
kind = "bupati"
election_day = 2024-11-27
timezone = "{demo.timezone}"
publish_after = {demo.publish_after}
rule = "plurality"
mode = "demo"
release = "internal"

{candidates}
[frame]
path = "frame.csv"

[baseline]
path = "baseline.csv"
level = "village"

[official]
path = "official.csv"

[returns]
path = "inbox"

[design]
strata = "district"
allocation = "proportional"
method = "stratified"
n = 300
seed = "2024-11-27"
"""

CANDIDATE = """\
[[candidates]]
number = {pair.number}
name = "{pair.name}"
short = "{pair.short}"
color = "{color}"
"""


def write_contest(folder: Path, demo: Demo, sources: Path) -> None:
    """Write a demo contest's folder, file by file the same whenever it is written.

    Parameters
    ----------
    folder : pathlib.Path
        Made if it isn't there; files of the same names are replaced.
    demo : Demo
    sources : pathlib.Path
        ``data/sources``.
    """
    facts = read_facts(sources, demo.regency)
    population = simulate(facts, demo.seed)
    laporan, koreksi = returns(population, demo.closes, demo.seed)
    (folder / "inbox").mkdir(parents=True, exist_ok=True)
    (folder / "contest.toml").write_text(contest_toml(demo, facts), encoding="utf-8", newline="\n")
    _write(population.frame, folder / "frame.csv")
    _write(population.baseline, folder / "baseline.csv")
    _write(population.official, folder / "official.csv")
    _write(laporan, folder / "inbox" / "laporan.csv")
    _write(koreksi, folder / "inbox" / "koreksi.csv")


def contest_toml(demo: Demo, facts: Facts) -> str:
    """Give the text of ``contest.toml``."""
    pairs = zip(facts.candidates.itertuples(), COLORS, strict=True)
    candidates = "\n".join(CANDIDATE.format(pair=pair, color=color) for pair, color in pairs)
    return CONTEST.format(demo=demo, candidates=candidates)


def _write(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
