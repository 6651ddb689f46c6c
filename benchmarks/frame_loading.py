"""Reading, checking and coding a national frame (810,159 stations), against libraries that only read it.

Parquet: ``read_frame`` against ``pyarrow.parquet.read_table``. CSV (written by pyarrow, quotes only where needed):
``read_frame`` against ``pyarrow.csv.read_csv`` followed by ``count_distinct`` of the ids, and against
``pandas.read_csv`` with areas as categories. All warm, in one process, in turns. Peak memory: one process for each.
"""

import gc
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.csv as pv
import pyarrow.parquet as pq
from machine import HERE, SHARED, save, spread

from estimation.columns import AREA_LEVELS
from estimation.frame import read_frame

RUNS, WARM_UP = 15, 2
FILE = "indonesia-2019-frame.parquet"
PEAK = """
import sys
from pathlib import Path
sys.path.insert(0, {src!r})
from estimation.frame import read_frame

def peak():  # of this process alone; getrusage would count what its parent held
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

before = peak()
frame = read_frame(Path({path!r}))
print(before, peak())
"""


def main() -> None:
    """Write the CSV, measure, and write the results."""
    parquet = SHARED / FILE
    with tempfile.TemporaryDirectory() as scratch:
        csv = Path(scratch) / "frame.csv"
        pv.write_csv(pq.read_table(parquet), csv, pv.WriteOptions(quoting_style="needed"))
        by_parquet = _in_turns(
            {"read_frame": lambda: read_frame(parquet), "pyarrow_parquet_read_table": lambda: pq.read_table(parquet)}
        )
        by_csv = _in_turns(
            {
                "read_frame": lambda: read_frame(csv),
                "pyarrow_read_csv_and_count_distinct": lambda: _arrow(csv),
                "pandas_read_csv_categories": lambda: _pandas(csv),
            }
        )
        result = {
            "input": f"{FILE}: {len(read_frame(parquet)):,} stations; CSV of {csv.stat().st_size / 1e6:.0f} MB",
            "parquet": _compare(by_parquet, {"pyarrow_parquet_read_table": 8.0}) | {"memory": _peak(parquet)},
            "csv": _compare(by_csv, {"pyarrow_read_csv_and_count_distinct": 2.0, "pandas_read_csv_categories": None})
            | {"memory": _peak(csv)},
        }
    save("frame_loading", result)


def _arrow(path: Path) -> int:
    table = pv.read_csv(path)
    return int(pc.count_distinct(table.column("tps_id")).as_py())


def _pandas(path: Path) -> pd.DataFrame:
    types = {"tps_id": "str", "tps": "str", "registered": "float64", **dict.fromkeys(AREA_LEVELS, "category")}
    return pd.read_csv(path, dtype=types)


def _in_turns(readers: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in readers}
    for turn in range(WARM_UP + RUNS):
        for name, reader in readers.items():
            gc.collect()
            begin = time.perf_counter()
            held = reader()
            took = time.perf_counter() - begin
            del held
            if turn >= WARM_UP:
                seconds[name].append(took)
    return seconds


def _compare(seconds: dict[str, list[float]], targets: dict[str, float | None]) -> dict[str, object]:
    own = float(np.median(seconds["read_frame"]))
    ratios = {}
    for peer, target in targets.items():
        ratio = own / float(np.median(seconds[peer]))
        judged = {} if target is None else {"target": target, "met": ratio <= target}
        ratios[peer] = {"ratio": round(ratio, 2), **judged}
    return {**{name: spread(values) for name, values in seconds.items()}, "ratios": ratios}


def _peak(path: Path) -> dict[str, object]:
    """Measure the largest resident memory of a process that reads the frame, in MB; the limit is 1 GB."""
    code = PEAK.format(src=str(HERE.parent / "src"), path=str(path))
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    before, after = (int(kilobytes) / 1024 for kilobytes in out.split())
    return {"after_import_mb": round(before), "peak_mb": round(after), "target_mb": 1000, "met": after < 1000}


if __name__ == "__main__":
    main()
