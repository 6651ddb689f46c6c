"""What the shared elections themselves would give for the constants, each election left out in turn.

The defaults are not changed by it: they stem from other replays, and elections that are not here must find them fair.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from cases import FEWER, UPLOADED, Case, cases, lay_out
from machine import describe
from summary import LARGE

import estimation
from estimation.simulation.fit import DEFAULT, GRIDS, Past, fit_constants, fit_document, fit_verdict, past, score

NIGHTS, PARTS, EVERY = 20, (0.05, 0.25, 0.5, 0.9), 4
EXTRA = (("situbondo-2019", "log-logistic"), ("gianyar-2019", "log-logistic"), ("ciamis-2024", "log-logistic"))


def main() -> None:
    """Fit twice: to recorded orders of arrival, and with three elections under the modelled one."""
    begin, units = time.perf_counter(), []
    own = [case for case in cases() if case.method == "stratified" and case.n == 300]
    chosen = [case for case in own if case.arrival == UPLOADED]
    chosen += [case for case in own if case.arrival == "entered_at" and case.area][::EVERY]
    chosen += [case for case in own if case.arrival == "batch" and dict(case.estimate)["delta"] < 0.2]
    chosen += [Case(election, "", "", "stratified", "district", 300, order) for election, order in EXTRA]
    for case in chosen:
        short = replace(case, replicates=NIGHTS, parts=PARTS, estimators=FEWER[:1])
        units.append(past(lay_out(short), case.election, case.area))
    fits = {}
    recorded = [unit for unit in units if unit.election in ("bali-2024", "jawa-timur-2019", "bolivia-2019")]
    for name, nights in (("recorded orders", recorded), ("all", units)):
        found = fit_constants(nights)
        fits[name] = fit_document(found, estimation.__version__)
        print(name, *fit_verdict(found), f"{time.perf_counter() - begin:.0f} s", sep="\n", flush=True)
        print(json.dumps(fits[name]), flush=True)
    tables = {"delta": by_part(units, "delta"), "phi": by_part(units, "phi")}
    written = {"benchmark": "fitted", "relative_to": DEFAULT.table, "nights_each": NIGHTS, "parts": PARTS}
    written |= {"fits": fits, **tables, "machine": describe()}
    path = Path(__file__).resolve().parent / "results" / "fitted.json"
    text = json.dumps(written, ensure_ascii=False, separators=(",", ":")).replace('],["', '],\n["')
    path.write_text(text + "\n", encoding="utf-8")


def by_part(units: Sequence[Past], name: str) -> dict[str, object]:
    """Give coverage and score, relative to the defaults, by election, size of the share, part and value."""
    rows = []
    for election in dict.fromkeys(unit.election for unit in units):
        own = [unit for unit in units if unit.election == election]
        held = [(unit, score(unit, DEFAULT)) for unit in own]
        for value in GRIDS[name]:
            tally: dict[tuple[str, float], list[tuple[float, float]]] = {}
            for unit, default in held:
                found = score(unit, DEFAULT._replace(**{name: value}))
                shares = unit.at.population.shares
                for cell in range(len(found.score)):
                    part, share = PARTS[cell // len(shares)], shares[cell % len(shares)]
                    relative = np.log(found.score[cell] / default.score[cell])
                    size = "large" if share >= LARGE else "small"
                    tally.setdefault((size, part), []).append((float(found.covered[cell]), float(relative)))
            for (size, part), cells in tally.items():
                covered, relative = np.mean(cells, axis=0)
                rows.append([election, size, part, value, round(float(covered), 4), round(float(np.exp(relative)), 4)])
    return {"columns": ["election", "size", "part", name, "coverage", "score"], "rows": rows}


if __name__ == "__main__":
    main()
