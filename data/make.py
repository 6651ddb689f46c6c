"""Write both demo contests from data/sources into this folder (``make data``)."""

from pathlib import Path

from estimation.simulation.demo import DEMOS, write_contest

HERE = Path(__file__).resolve().parent

for demo in DEMOS:
    write_contest(HERE / demo.name, demo, HERE / "sources")
