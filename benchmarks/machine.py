"""Describes the machine and the versions that a benchmark ran on, without naming the machine."""

import json
import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

import estimation

HERE = Path(__file__).resolve().parent
SHARED = Path(os.environ.get("QUICKCOUNT_SHARED", HERE.parents[1] / "shared")) / "data"
PACKAGES = ("numpy", "pandas", "pyarrow", "scipy")


def describe() -> dict[str, object]:
    """Give processor, cores, memory, system, load (1 is one core kept busy, by this benchmark too) and versions."""
    return {
        "cpu": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "load_at_end": round(os.getloadavg()[0], 2),
        "versions": {
            "quickcount": estimation.__version__,
            "python": platform.python_version(),
            **{name: _version(name) for name in PACKAGES},
        },
    }


def spread(seconds: list[float]) -> dict[str, object]:
    """Summarise the seconds of several runs: median, quartiles, number."""
    low, middle, high = (round(float(value), 4) for value in np.quantile(seconds, (0.25, 0.5, 0.75)))
    return {"median_s": middle, "quartiles_s": [low, high], "runs": len(seconds)}


def save(name: str, result: Mapping[str, object]) -> None:
    """Write ``results/<name>.json`` and print it."""
    text = json.dumps({"benchmark": name, "machine": describe(), **result}, indent=2, ensure_ascii=False) + "\n"
    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results" / f"{name}.json").write_text(text, encoding="utf-8")
    print(text, end="")


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
