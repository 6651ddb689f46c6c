"""Writes a draw down so that somebody else can check it: ``sample.csv`` and ``manifest.json``."""

import hashlib
import json
import platform
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from estimation import __version__
from estimation.contest import Contest
from estimation.errors import DesignError
from estimation.files import to_json, write_text
from estimation.frame import Frame
from estimation.sampling.design import Design
from estimation.sampling.sample import Sample


def write_draw(contest: Contest, frame: Frame, design: Design, sample: Sample) -> tuple[Path, Path]:
    """Write ``out/sample.csv`` and ``out/manifest.json``; returns both paths.

    A sample that stands there already and differs is kept beside it under its hash. The manifest
    holds what makes the draw: hash of the frame, the design, the seed, versions; and what came of
    it: hash of the sample, stations by stratum. It holds no time of day.
    """
    text = sample.table(frame).to_csv(index=False, lineterminator="\n")
    _keep_old(contest.out / "sample.csv", text)
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
        "frame": {"stations": len(frame), "where": frame.where, "sha256": frame.sha256},
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


def _keep_old(path: Path, text: str) -> None:
    """Move a sample that is about to be replaced by another one, and its manifest, out of the way."""
    if not path.is_file() or path.read_bytes() == text.encode("utf-8"):
        return
    mark = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    for old in (path, path.with_name("manifest.json")):
        if old.is_file():
            old.replace(old.with_name(f"{old.stem}-{mark}{old.suffix}"))


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a projection needs of ``manifest.json``."""

    strata: str
    seed: str
    where: str | None


def read_manifest(sample_path: Path) -> Manifest | None:
    """Read the manifest beside a sample; None where there is none, or where it is another sample's.

    Raises
    ------
    DesignError
        It is there and can't be read.
    """
    path = sample_path.with_name("manifest.json")
    if not path.is_file():
        return None
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw["sample"]["sha256"] != hashlib.sha256(sample_path.read_bytes()).hexdigest():
            return None
        return Manifest(str(raw["design"]["strata"]), str(raw["seed"]), raw["frame"]["where"])
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise DesignError(f"{path}: this is no manifest of a draw ({error!r}): draw again, or remove it") from error
