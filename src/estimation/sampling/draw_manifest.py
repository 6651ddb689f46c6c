"""Writes a draw down so that somebody else can check it: ``sample.csv``, ``manifest.json``, ``commitment.json``.

Before the public random number is known, :func:`write_commitment` fixes frame and design by their
SHA-256; the hash is published. Afterwards :func:`write_draw` draws only what was committed.
:mod:`estimation.sampling.verify_draw` repeats the draw.
"""

import json
import platform
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from estimation.contest import Contest
from estimation.errors import DesignError
from estimation.files import sha256_of, to_json, write_text
from estimation.frame import Frame
from estimation.sampling import ticket_order
from estimation.sampling.design import Design
from estimation.sampling.draw_log import log_draw, read_draw_log
from estimation.sampling.sample import Sample
from estimation.version import __version__

HOW = (
    "design_sha256 is the SHA-256 of design_text; sha256 is that of the lines frame sha256, design_sha256 and, where "
    "there is one, baseline sha256, each ended by a line feed: printf '%s\\n' FRAME DESIGN [BASELINE] | sha256sum"
)
PUBLISH = {
    "id": (
        "Sebelum angka acak diketahui, sampel hitung cepat {title} sudah kami kunci: {n} dari {stations} TPS, metode "
        "{method}. SHA-256 daftar TPS dan rancangan: {sha256}. Sampel akan ditarik dengan angka acak publik "
        "[sumber dan waktunya], dan siapa pun dapat mengulang penarikannya dengan 'quickcount verify'."
    ),
    "en": (
        "Before the random number is known, we fix the sample of the quick count {title}: {n} of {stations} polling "
        "stations, method {method}. SHA-256 of the list of stations and the design: {sha256}. The sample will be "
        "drawn with the public random number [its source and time], and anybody can repeat the draw with "
        "'quickcount verify'."
    ),
}


def write_draw(contest: Contest, frame: Frame, design: Design, sample: Sample) -> tuple[Path, Path]:
    """Write ``out/sample.csv`` and ``out/manifest.json``, and log the draw; returns both paths.

    A sample that stands there already and differs is kept beside it under its hash. The manifest
    holds what makes the draw: hash of the frame, the design, the seed, versions, the commitment
    if there is one; and what came of it: hash of the sample, stations by stratum. It holds no time
    of day.

    Raises
    ------
    DesignError
        Another frame or design was committed (see :func:`check_commitment`), or the log of draws was changed; nothing
        is written.
    """
    commitment = check_commitment(contest, frame, design)
    text = sample_text(frame, sample)
    read_draw_log(contest)  # a log that was changed stops before anything is written
    _keep_old(contest.out / "sample.csv", text)
    sample_path = write_text(contest.out / "sample.csv", text)
    digest = sha256_of(text.encode("utf-8"))
    manifest = manifest_of(contest, frame, design, sample, digest, commitment)
    manifest_path = write_text(contest.out / "manifest.json", to_json(manifest))
    log_draw(
        contest,
        "draw",
        {
            "frame_sha256": frame.sha256,
            "manifest_sha256": sha256_of(manifest_path),
            "sample_sha256": digest,
            "seed": design.seed,
        },
    )
    return sample_path, manifest_path


def sample_text(frame: Frame, sample: Sample) -> str:
    """Give ``sample.csv`` as it is written."""
    return sample.table(frame).to_csv(index=False, lineterminator="\n")


def manifest_of(
    contest: Contest,
    frame: Frame,
    design: Design,
    sample: Sample,
    sample_sha256: str,
    commitment: str | None = None,
) -> dict[str, object]:
    """Compose ``manifest.json`` (schema ``manifest/1``).

    ``commitment`` (its hash), ``baseline`` and ``tickets`` (the bytes that are hashed when the
    design's order is ``sha256``) are there only where they apply.
    """
    words = design_words(design)
    manifest: dict[str, object] = {
        "schema": "manifest/1",
        "contest": contest.about.id,
        "frame": {"stations": len(frame), "where": frame.where, "sha256": frame.sha256},
        "design": words,
        "seed": design.seed,
        "sample": {"stations": len(sample), "sha256": sample_sha256},
        "strata": [
            {"stratum": label, "stations": int(size), "drawn": int(drawn)}
            for label, size, drawn in zip(sample.strata.labels, sample.strata.size, sample.drawn, strict=True)
        ],
        "versions": draw_versions(),
    }
    if design.order == "sha256":
        manifest["tickets"] = ticket_order.SPECIFICATION
    if commitment is not None:
        manifest["commitment"] = commitment
    if frame.baseline_sha256 is not None:
        manifest["baseline"] = {"sha256": frame.baseline_sha256}
    return manifest


def draw_versions() -> dict[str, str]:
    """Name the programs on which a draw depends."""
    return {
        "quickcount": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pandas": pd.__version__,
    }


def design_words(design: Design) -> dict[str, Any]:
    """Give all that defines a draw but the seed, as JSON has it."""
    values = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(design).items()}
    return {key: value for key, value in values.items() if key != "seed"}


def design_from(words: Mapping[str, Any], seed: str) -> Design:
    """Make the design again that :func:`design_words` wrote down.

    Raises
    ------
    DesignError
        It has a part that this version does not know, or a required one is missing.
    """
    known = {field.name for field in fields(Design)}
    unknown = sorted(set(words) - known)
    if unknown:
        raise DesignError(
            f"the design has '{unknown[0]}', which quickcount {__version__} does not know: "
            f"use the version that the manifest names"
        )
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in words.items()}
    try:
        return Design(**{**values, "seed": seed})
    except TypeError as error:
        raise DesignError(f"the design is not complete ({error}): draw again") from error


def design_differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Name the parts in which two written designs differ; a part not written has its default."""
    default = {f.name: f.default for f in fields(Design) if f.default is not MISSING and f.name != "seed"}
    filled = {key: list(value) if isinstance(value, tuple) else value for key, value in default.items()}
    left, right = {**filled, **expected}, {**filled, **found}
    return [
        f"{key}: expected {left.get(key)!r}, found {right.get(key)!r}"
        for key in sorted({*left, *right})
        if left.get(key) != right.get(key)
    ]


def canonical_design(design: Mapping[str, Any]) -> str:
    """Write a design as JSON in one way only: keys sorted, no blanks, characters as they are."""
    return json.dumps(design, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def commitment_of(contest: Contest, frame: Frame, design: Design) -> dict[str, Any]:
    """Compose ``commitment.json`` (schema ``commitment/1``).

    Parameters
    ----------
    contest : Contest
    frame : Frame
        Its file's SHA-256 is committed, and the area it was restricted to.
    design : Design
        Its seed is left out: nobody knows it yet.

    Returns
    -------
    dict
        ``frame``, ``design`` and its canonical ``design_text``, their hashes, the hash of both
        (and of the baseline where there is one) ``sha256``, and the words to publish it with.
    """
    words = {**design_words(design), "where": frame.where}
    text = canonical_design(words)
    baseline = frame.baseline_sha256
    design_sha256 = sha256_of(text.encode("utf-8"))
    parts = [part for part in (frame.sha256, design_sha256, baseline) if part is not None]
    both = sha256_of("".join(f"{part}\n" for part in parts).encode("utf-8"))
    facts = {
        "title": contest.about.title,
        "n": design.n,
        "stations": len(frame),
        "method": design.method,
        "sha256": both,
    }
    return {
        "schema": "commitment/1",
        "contest": contest.about.id,
        "frame": {"stations": len(frame), "where": frame.where, "sha256": frame.sha256},
        "design": words,
        "design_text": text,
        "design_sha256": design_sha256,
        **({} if baseline is None else {"baseline": {"sha256": baseline}}),
        "sha256": both,
        "how": HOW,
        "publish": {language: sentence.format(**facts) for language, sentence in PUBLISH.items()},
        "versions": draw_versions(),
    }


def write_commitment(contest: Contest, frame: Frame, design: Design) -> tuple[Path, dict[str, Any]]:
    """Write ``out/commitment.json``; returns its path and contents.

    A commitment to the same frame and design that is there already stays as it is.

    Raises
    ------
    DesignError
        There is one to another frame or design: a published promise is not replaced in silence.
    """
    path = contest.out / "commitment.json"
    if check_commitment(contest, frame, design) is not None:
        return path, read_commitment(path)
    commitment = commitment_of(contest, frame, design)
    read_draw_log(contest)
    write_text(path, to_json(commitment))
    log_draw(contest, "commitment", {"commitment_sha256": sha256_of(path)})
    return path, commitment


def read_commitment(path: Path) -> dict[str, Any]:
    """Read ``commitment.json`` and check that its hashes are those of its contents.

    Raises
    ------
    DesignError
        It can't be read, or was altered.
    """
    try:
        raw = dict(json.loads(path.read_text(encoding="utf-8")))
        parts = (raw["frame"]["sha256"], raw["design_sha256"], *[raw[k]["sha256"] for k in ("baseline",) if k in raw])
        sound = (
            canonical_design(raw["design"]) == raw["design_text"]
            and sha256_of(raw["design_text"].encode("utf-8")) == raw["design_sha256"]
            and sha256_of("".join(f"{part}\n" for part in parts).encode("utf-8")) == raw["sha256"]
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DesignError(
            f"{path}: this is no commitment ({error!r}): put back the file whose hash was published, or remove it"
        ) from error
    if not sound:
        raise DesignError(
            f"{path}: its hashes are not those of its contents, so it was altered: put back the file whose hash was "
            f"published, or remove it"
        )
    return raw


def check_commitment(contest: Contest, frame: Frame, design: Design) -> str | None:
    """Check that frame and design are the committed ones; gives the commitment's hash, None without one.

    Raises
    ------
    DesignError
        They differ; the message says in what.
    """
    path = contest.out / "commitment.json"
    if not path.is_file():
        return None
    held, now = read_commitment(path), commitment_of(contest, frame, design)
    wrong = [
        f"{what} sha256: expected {old}, found {new}"
        for what in ("frame", "baseline")
        if (old := held.get(what, {}).get("sha256")) != (new := now.get(what, {}).get("sha256"))
    ]
    wrong += [f"design {line}" for line in design_differences(held["design"], now["design"])]
    if wrong:
        raise DesignError(
            f"{path}: this is not what was committed: {'; '.join(wrong)}: put back the committed frame and design, "
            f"or remove the file by hand if the commitment was never published"
        )
    return str(held["sha256"])


def _keep_old(path: Path, text: str) -> None:
    """Move a sample that is about to be replaced by another one, and its manifest, out of the way."""
    if not path.is_file() or path.read_bytes() == text.encode("utf-8"):
        return
    mark = sha256_of(path)[:12]
    for old in (path, path.with_name("manifest.json")):
        if old.is_file():
            old.replace(old.with_name(f"{old.stem}-{mark}{old.suffix}"))


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a projection needs of ``manifest.json``.

    Attributes
    ----------
    design : mapping of str to value
        Every part of the :class:`Design` but the seed, as ``design_of`` takes them; what the
        manifest does not name has its default.
    seed : str
    where : str or None
        The area that was drawn from.
    """

    design: Mapping[str, Any]
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
        if raw["sample"]["sha256"] != sha256_of(sample_path):
            return None
        design = asdict(design_from(raw["design"], str(raw["seed"])))
        return Manifest(design, str(design.pop("seed")), raw["frame"]["where"])
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise DesignError(f"{path}: this is no manifest of a draw ({error!r}): draw again, or remove it") from error
