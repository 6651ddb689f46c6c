"""Writes a draw down so that somebody else can check it: ``sample.csv`` and ``manifest.json``."""

import hashlib
import json
import platform
from pathlib import Path

import numpy as np
import pandas as pd

from estimation import __version__
from estimation.contest import Contest
from estimation.files import to_json, write_text
from estimation.frame import Frame
from estimation.sampling.design import Design
from estimation.sampling.sample import Sample


def write_draw(contest: Contest, frame: Frame, design: Design, sample: Sample) -> tuple[Path, Path]:
    """Write ``out/sample.csv`` and ``out/manifest.json``; returns both paths.

    The manifest holds what makes the draw: hash of the frame, the design, the seed, versions;
    and what came of it: hash of the sample, stations by stratum. It holds no time of day.
    """
    text = sample.table(frame).to_csv(index=False, lineterminator="\n")
    sample_path = write_text(contest.out / "sample.csv", text)
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    manifest = manifest_of(contest, frame, design, sample, digest)
    return sample_path, write_text(contest.out / "manifest.json", to_json(manifest))


def manifest_of(
    contest: Contest, frame: Frame, design: Design, sample: Sample, sample_sha256: str
) -> dict[str, object]:
    """Compose ``manifest.json`` (schema ``manifest/1``)."""
    return {
        "schema": "manifest/1",
        "contest": contest.about.id,
        "frame": {"stations": len(frame), "sha256": frame.sha256},
        "design": {
            "method": design.method,
            "strata": design.strata,
            "allocation": design.allocation,
            "minimum": design.minimum,
            "n": design.n,
        },
        "seed": design.seed,
        "sample": {"stations": len(sample), "sha256": sample_sha256},
        "strata": [
            {"stratum": label, "stations": int(size), "drawn": int(drawn)}
            for label, size, drawn in zip(sample.strata.labels, sample.strata.size, sample.drawn, strict=True)
        ],
        "versions": {
            "quickcount": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "pandas": pd.__version__,
        },
    }


def strata_of_manifest(sample_path: Path) -> str | None:
    """Read which columns made the strata from the manifest beside a sample; None where there is none."""
    path = sample_path.with_name("manifest.json")
    if not path.is_file():
        return None
    return str(json.loads(path.read_text(encoding="utf-8"))["design"]["strata"])
