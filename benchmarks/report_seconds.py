"""Where the seconds of one report go: imports, kernel, projection, figures, page; each in processes of its own, cold.

Every part is run in a new process (with compiled bytecode in place) and timed inside it, so that imports are paid where
the report pays them: once in the command, which runs papermill and nbconvert, and once in the kernel.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import HERE, save, spread

RUNS = 7
PARTS = {
    "imports of the command: papermill, nbconvert": "import papermill, nbconvert",
    "a kernel, from start to ready": (
        "from jupyter_client.manager import start_new_kernel\nT = now()\nm, c = start_new_kernel()\nE = now()\n"
        "c.stop_channels(); m.shutdown_kernel(now=True)"
    ),
    "imports of the kernel: estimation.publish": "import estimation.publish",
    "imports of the kernel: matplotlib": "import matplotlib.figure, matplotlib.backends.backend_svg",
    "projection": "from estimation.publish import open_projection\nT = now()\nopen_projection(FOLDER)\nE = now()",
    "two figures in two widths, matplotlib imported": (
        "import matplotlib.figure, matplotlib.backends.backend_svg\nfrom estimation.publish import open_projection\n"
        "r = open_projection(FOLDER)\nT = now()\nr.chart(); r.lead()\nE = now()"
    ),
    "outputs to a page (nbconvert), imported": (
        "from pathlib import Path\nimport nbconvert\nfrom estimation.publish import pages\n"
        "n = Path(NOTEBOOK)\npages.body_of(n)\nT = now()\npages.body_of(n)\nE = now()"
    ),
}


def main() -> None:
    """Lay the demo out, measure each part and the whole, and write the results."""
    from estimation.simulation.showcase import lay_out

    with tempfile.TemporaryDirectory() as scratch:
        folder = lay_out("situbondo-2024", Path(scratch))
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment = {**kept, "PYTHONPYCACHEPREFIX": f"{scratch}/bytecode", "PYTHONPATH": str(HERE.parent / "src")}
        command = [sys.executable, "-m", "estimation", "report", str(folder)]
        seconds: dict[str, list[float]] = {name: [] for name in ["the whole command", *PARTS]}
        for turn in range(RUNS + 1):
            start = time.perf_counter()
            subprocess.run(command, env=environment, check=True, capture_output=True)
            took = {"the whole command": time.perf_counter() - start}
            took |= {name: _time(code, folder, environment) for name, code in PARTS.items()}
            if turn:
                for name, value in took.items():
                    seconds[name].append(value)
        save("report_seconds", {"input": "demo situbondo-2024", "parts": {n: spread(v) for n, v in seconds.items()}})


def _time(code: str, folder: Path, environment: dict[str, str]) -> float:
    values = f"FOLDER = {str(folder)!r}\nNOTEBOOK = {str(HERE.parent / 'notebooks' / 'projection.ipynb')!r}\n"
    clock = "from time import perf_counter as now\nT = now()\nE = None\n"
    program = f"{clock}{values}{code}\nprint((E or now()) - T)"
    run = subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True)
    return float(run.stdout.split()[-1])


if __name__ == "__main__":
    main()
