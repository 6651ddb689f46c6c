"""``evaluation.json`` keeps its contract; areas and tables."""

import json
from datetime import datetime
from importlib import resources
from pathlib import Path

import jsonschema
import pandas as pd
import pytest

from estimation.contest import load_contest
from estimation.evaluation import evaluate, evaluation_document, write_evaluation
from estimation.evaluation.summary import evaluation_summary
from estimation.files import to_json
from estimation.projection import make_take
from estimation.simulation.showcase import MOMENT

SCHEMA = json.loads(
    resources.files("estimation").joinpath("schemas/evaluation-1.schema.json").read_text(encoding="utf-8")
)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def closed(schema: object) -> list[bool]:
    """Every object of a schema that lists properties, and whether it forbids others."""
    if isinstance(schema, list):
        return [entry for part in schema for entry in closed(part)]
    if not isinstance(schema, dict):
        return []
    own = [schema.get("additionalProperties") is False] if schema.get("type") == "object" else []
    return own + [entry for part in schema.values() for entry in closed(part)]


def test_the_schema_is_one_and_leaves_nothing_open() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert len(closed(SCHEMA)) == 19
    assert all(closed(SCHEMA))


@pytest.mark.parametrize("most", [8, 1, 0])
def test_it_validates_whatever_is_in(by_hand, most: int) -> None:
    contest = load_contest(by_hand(sent=dict(list(by_hand.sent.items())[:most])))
    make_take(contest)
    found = json.loads(to_json(evaluation_document(evaluate(contest))))
    VALIDATOR.validate(found)
    assert list(found) == SCHEMA["required"]


def test_the_rounded_parts_add_up_to_the_rounded_miss(demo: Path) -> None:
    found = evaluation_document(evaluate(load_contest(demo), as_of=datetime.fromisoformat(MOMENT)))
    VALIDATOR.validate(json.loads(to_json(found)))
    for one in found["quantities"]:  # type: ignore[attr-defined]
        assert sum(one["split"].values()) == pytest.approx(one["miss"], abs=2.6e-9)
        assert one["steps"]["projection"] == one["estimate"]
        assert one["steps"]["official"] == one["official"]


def test_the_same_inputs_give_the_same_bytes(by_hand) -> None:
    contest = load_contest(by_hand())
    assert to_json(evaluation_document(evaluate(contest))) == to_json(evaluation_document(evaluate(contest)))


def test_areas_by_hand(by_hand) -> None:
    e = evaluate(load_contest(by_hand()))
    assert [(area.path[-1], area.used, area.stations) for area in e.areas] == [("A", 3, 4), ("B", 3, 4), ("C", 2, 3)]
    a, b, c = (area.shares[0] for area in e.areas)
    assert (a.estimate, a.official) == pytest.approx((312 / 600, 422 / 800))
    assert (b.estimate, b.official) == pytest.approx((335 / 600, 426 / 800))
    assert (c.estimate, c.official) == pytest.approx((209 / 400, 318 / 600))  # station 12 has no official count
    found = e.coverage[0]
    assert (found.held, found.judged) == (sum(one.held is True for one in (a, b, c)), 3)


def test_the_tables_beside_it(by_hand, tmp_path: Path) -> None:
    contest = load_contest(by_hand())
    make_take(contest)
    write_evaluation(evaluate(contest), tmp_path)
    tables = {path.name: pd.read_csv(path, dtype={"tps_id": str}) for path in sorted(tmp_path.glob("*.csv"))}
    assert list(tables) == [f"evaluation-{name}.csv" for name in ("areas", "quantities", "recording", "takes")]
    assert [len(table) for table in tables.values()] == [6, 5, 1, 5]
    row = tables["evaluation-quantities.csv"].set_index("name").loc["lead"]
    parts = row[["recording_error", "early_error", "sampling_error", "frame_error"]].sum()
    assert parts == pytest.approx(row["miss"], abs=2.6e-9)
    assert tables["evaluation-recording.csv"].loc[0, ["tps_id", "votes_1_sent", "votes_1_official"]].tolist() == [
        "0002", 122, 102,
    ]  # fmt: skip


def test_in_a_few_lines(by_hand) -> None:
    contest = load_contest(by_hand())
    make_take(contest)
    found = evaluation_summary(json.loads(to_json(evaluation_document(evaluate(contest)))), {1: "Ani", 2: "Budi"})
    assert found[0].startswith("small: the interval of the lead missed the official result, a miss of -6.05 points (-")
    assert found[1] == "8 of 9 stations used; 12 official stations, 1 not in the frame, 1 of the frame missing"
    start = found.index("the miss of the lead, in points:")
    assert [line.split()[0] for line in found[start + 1 : start + 5]] == ["+2.22", "-0.50", "-1.00", "-6.77"]
    assert found[-1] == "returns that differ from the official count: 1 of 8 compared"


def test_nothing_projected_in_a_few_lines(by_hand) -> None:
    found = evaluation_summary(evaluation_document(evaluate(load_contest(by_hand(sent={})))), {1: "Ani", 2: "Budi"})
    assert found[0] == "small: nothing was projected"
    assert found[2].startswith("  the miss could not be split: ")
