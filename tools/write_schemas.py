"""Writes the published JSON Schemas from the records that define them: ``python tools/write_schemas.py``."""

from pathlib import Path

from estimation.files import to_json, write_text
from estimation.projection.record import RECORDS, json_schema

FOLDER = Path(__file__).resolve().parents[1] / "src" / "estimation" / "schemas"

for name in RECORDS:
    write_text(FOLDER / f"{name.replace('/', '-')}.schema.json", to_json(json_schema(name)))
