"""Is ``ratio-z`` what R survey says? Compared on nights that have two stations in of every stratum."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from cases import Case, lay_out
from contenders import Z

from estimation.arrays import group_sums
from estimation.estimators.catalogue import estimate_by
from estimation.simulation.backtest.replay import Stage, draw_block, night_of

HERE = Path(__file__).resolve().parent
CASES = (
    Case("situbondo-2019", "", "peers", "stratified", "district", 300, "log-logistic", (0.5, 0.9, 1.0), 20),
    Case("gianyar-2019", "", "peers", "stratified", "district", 300, "random", (0.25, 1.0), 20),
    Case("bolivia-2019", "", "peers", "stratified", "province", 300, "batch", (0.5, 1.0), 20),
)


def main() -> None:
    """Compare, and write the largest relative differences."""
    if shutil.which("Rscript") is None:
        raise SystemExit("Rscript is not here: nothing compared")
    tables, ours = [], []
    for case in CASES:
        at = lay_out(case)
        for part in case.parts:
            _collect(case, at, part, tables, ours)
    with tempfile.TemporaryDirectory() as folder:
        given, got = Path(folder) / "given.csv", Path(folder) / "got.csv"
        pd.concat(tables).to_csv(given, index=False)
        subprocess.run(["Rscript", str(HERE / "peers.R"), str(given), str(got)], check=True)
        theirs = pd.read_csv(got).set_index("night")
    own = pd.DataFrame(ours).set_index("night").loc[theirs.index]
    apart = {name: float((own[name] / theirs[name] - 1).abs().max()) for name in ("theta", "se", "low", "high")}
    written = {"benchmark": "peers", "nights": len(own), "largest_relative_difference": apart}
    (HERE / "results" / "peers.json").write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(written))


def _collect(case: Case, at: Stage, part: float, tables: list[pd.DataFrame], ours: list[dict[str, object]]) -> None:
    drawn, keys = draw_block(at, 0)
    night, _ = night_of(at, drawn, keys, part)
    found = estimate_by("ratio", at.known, night).estimate
    first = int(at.population.order[-1])
    strata = at.strata.codes[night.rows]
    count = group_sums(night.counts.seen.astype(np.float64), strata, len(at.strata.size))
    for b in np.flatnonzero((count >= 2).all(axis=1)):
        seen = night.counts.seen[b]
        name = f"{case.election} {part:g} {b}"
        tables.append(
            pd.DataFrame(
                {
                    "night": name,
                    "stratum": strata[b][seen],
                    "size": at.strata.size[strata[b][seen]],
                    "first": night.counts.votes[b, seen, first],
                    "valid": night.counts.votes[b, seen].sum(axis=-1),
                }
            )
        )
        theta, se = float(found.theta[b, first]), float(found.se[b, first])
        ours.append({"night": name, "theta": theta, "se": se, "low": theta - Z * se, "high": theta + Z * se})


if __name__ == "__main__":
    main()
