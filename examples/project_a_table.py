"""Project returns that are in a DataFrame, with a sample that is drawn here and now, and make a page of it."""

import tempfile
from pathlib import Path

import pandas as pd

import estimation as qc

contest = qc.open("demo")
sample = contest.draw(n=120, strata="district", seed="4-1-6-2")
official = pd.read_csv(contest.folder / "official.csv", dtype=str)  # as if every station had reported
returns = official[official["tps_id"].isin(sample.to_frame()["tps_id"])]

p = contest.project(returns=returns, sample=sample, estimator="ratio")
print(p)
print(p.areas.head(4).round(3).to_string(index=False))
with tempfile.TemporaryDirectory() as folder:
    page = p.report(Path(folder) / "page.html", lang="en")
    print(page.path.name, f"{page.path.stat().st_size:,} bytes,", "public" if page.placement.public else "internal")
