"""How long the command takes from nothing: a whole process that projects, against one that imports its libraries.

``python -m estimation project`` on a copy of Situbondo 2019 (2,434 stations, 300 drawn, the official file as returns)
against ``python -c "import numpy, pandas"``; both are run in turns after two warm-up runs, with compiled bytecode in
place (as after an installation; some containers turn it off, and then compiling pandas is most of either time).
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from machine import HERE, SHARED, save, spread

RUNS, WARM_UP, TARGET = 21, 2, 2.0
CONTEST = "situbondo-2019"


def main() -> None:
    """Lay the contest out in a scratch folder, measure, and write the results."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / CONTEST
        shutil.copytree(SHARED / CONTEST, folder)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        environment = _environment(Path(scratch) / "bytecode")
        estimation = [sys.executable, "-m", "estimation"]
        _run(environment, [*estimation, "draw", str(folder), "--n", "300", "--seed", "1"])
        commands = {
            "project": [*estimation, "project", str(folder), "--returns", str(folder / "official.csv")],
            "import_numpy_pandas": [sys.executable, "-c", "import numpy, pandas"],
        }
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for turn in range(WARM_UP + RUNS):
            for name, command in commands.items():
                took = _run(environment, command)
                if turn >= WARM_UP:
                    seconds[name].append(took)
    medians = {name: float(np.median(values)) for name, values in seconds.items()}
    ratio = medians["project"] / medians["import_numpy_pandas"]
    save(
        "startup",
        {
            "input": f"{CONTEST}, 300 stations drawn, official.csv as returns",
            **{name: spread(values) for name, values in seconds.items()},
            "ratio": round(ratio, 3),
            "target": TARGET,
            "met": ratio <= TARGET,
        },
    )


def _environment(bytecode: Path) -> dict[str, str]:
    """Let every process keep its bytecode in the scratch folder and find the package in this checkout."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(bytecode), "PYTHONPATH": str(HERE.parent / "src")}


def _run(environment: dict[str, str], command: list[str]) -> float:
    """Run a command quietly and give its seconds; a failure stops the benchmark."""
    begin = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
