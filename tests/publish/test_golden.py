"""The JSON and the sentences of small nights made by hand, as they were last agreed upon.

``QUICKCOUNT_GOLDEN=write`` makes them again; read every change before it is committed.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from estimation.files import to_json
from estimation.projection import projection_document
from estimation.publish import ProjectionReport
from estimation.version import __version__
from estimation.words import LANGUAGES, Words

GOLDEN = Path(__file__).parent / "golden"
WRITE = os.environ.get("QUICKCOUNT_GOLDEN") == "write"
NINE = (0.24, 0.2, 0.15, 0.11, 0.1, 0.08, 0.06, 0.04, 0.02)
LIVE = 'release = "{}"\nregistration = "012/KPU/2024"\nsponsor = "Yayasan Contoh"'

CASES: dict[str, tuple[tuple[float, ...], dict[str, Any]]] = {
    "clear-win": ((0.58, 0.42), {"more": "inhabitants = 400000"}),
    "too-close": ((0.501, 0.499), {"spread": 0.08}),
    "single-candidate": ((0.56, 0.44), {"rule": "single-candidate", "names": ("Satria", "Kolom kosong")}),
    "runoff": ((0.41, 0.33, 0.26), {"rule": "majority-runoff", "kind": "presiden", "received": 1.0}),
    "insufficient": ((0.5, 0.5), {"received": 0.02}),
    "embargoed": ((0.53, 0.47), {"more": LIVE.format("embargoed"), "late": 0.12, "received": 0.5}),
    "nine": (NINE, {"spread": 0.02, "places": True}),
}


@pytest.fixture(scope="module")
def nights(
    tmp_path_factory: pytest.TempPathFactory,
    lay_night: Callable[..., Path],
    night_report: Callable[..., ProjectionReport],
) -> Callable[[str], ProjectionReport]:
    """Project each case once."""
    made: dict[str, ProjectionReport] = {}

    def night(case: str) -> ProjectionReport:
        if case not in made:
            shares, more = CASES[case]
            made[case] = night_report(lay_night(tmp_path_factory.mktemp(case), shares, **more))
        return made[case]

    return night


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES)
def test_the_sentences(case: str, language: str, nights: Callable[[str], ProjectionReport], undrawn: None) -> None:
    report = ProjectionReport(nights(case).projection, Words(language))
    said = "\n\n".join(f"## {part.name}\n{part.text}" for part in report.parts() if part.text)
    said = said.replace(f": {__version__}\n", ": VERSION\n") + "\n"
    held = GOLDEN / f"{case}-{language}.txt"
    if WRITE:
        held.write_text(said, encoding="utf-8")
    assert said == held.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_the_numbers(case: str, nights: Callable[[str], ProjectionReport]) -> None:
    made = projection_document(nights(case).projection)
    made["provenance"] = {**nights(case).projection.provenance, "version": "VERSION"}
    held = GOLDEN / f"{case}.json"
    if WRITE:
        held.write_text(to_json(made), encoding="utf-8")
    assert _near(json.loads(to_json(made)), json.loads(held.read_text(encoding="utf-8"))) == []


def _near(made: object, held: object, where: str = "") -> list[str]:
    """List what differs, numbers by more than their rounding on another machine."""
    if isinstance(made, dict) and isinstance(held, dict) and made.keys() == held.keys():
        return [line for key in made for line in _near(made[key], held[key], f"{where}/{key}")]
    if isinstance(made, list) and isinstance(held, list) and len(made) == len(held):
        return [line for i, (a, b) in enumerate(zip(made, held, strict=True)) for line in _near(a, b, f"{where}/{i}")]
    if isinstance(made, float) and isinstance(held, float | int):
        return [] if made == pytest.approx(held, rel=1e-6, abs=2e-9) else [f"{where}: {made} for {held}"]
    return [] if made == held else [f"{where}: {made} for {held}"]
