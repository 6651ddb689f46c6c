"""Shares and a lead from a DataFrame of counts, with the design's variance, and no contest folder at all."""

import numpy as np
import pandas as pd

import estimation as qc

rng = np.random.default_rng(2024)
stations = pd.DataFrame({"district": np.repeat(["north", "south"], [30, 20])})
stations["ani"] = rng.binomial(400, np.where(stations["district"] == "north", 0.55, 0.45))
stations["budi"] = 400 - stations["ani"]

estimate = qc.ratio(stations, votes=["ani", "budi"], strata="district", sizes={"north": 300, "south": 150})
print(estimate.table(level=0.95).round(4).to_string())
print(estimate.contrast({"ani": 1, "budi": -1}, "lead").table().round(4).to_string())
