"""Write both demo contests from data/sources into this folder (``make data``)."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))

from demo_contest import DEMOS, write_contest  # noqa: E402

for demo in DEMOS:
    write_contest(HERE / demo.name, demo, HERE / "sources")
