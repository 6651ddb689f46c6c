"""``projection.json`` keeps its contract: the committed JSON Schema, nulls and decimals."""

import json
from dataclasses import replace
from datetime import datetime
from importlib import resources

import jsonschema
import pandas as pd
import pytest

from estimation.contest import load_contest
from estimation.files import to_json
from estimation.projection import project_contest, projection_document, projection_tables, write_projection
from estimation.projection.projection_files import _csv
from estimation.projection.record import RECORDS, json_schema

SCHEMA = json.loads(
    resources.files("estimation").joinpath("schemas/projection-1.schema.json").read_text(encoding="utf-8")
)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
HEADER = "tps_id,votes_1,votes_2,invalid,total\n"
ROWS = {i: f"{i:04d},{100 + i},90,10,{200 + i}\n" for i in range(1, 13)}


@pytest.fixture(scope="module")
def whole(demo):
    return project_contest(load_contest(demo), as_of=datetime.fromisoformat("2024-11-27T18:30:00+07:00"))


@pytest.fixture
def of_stations(make_contest):
    """Project a small contest with the returns of some stations, every station asked."""

    def make(stations, **more):
        folder = make_contest(
            returns=HEADER + "".join(ROWS[i] for i in stations), extra_toml='[returns]\nasked = "all"\n', **more
        )
        return project_contest(load_contest(folder))

    return make


def written(projection):
    return json.loads(to_json(projection_document(projection)))


def numbers(value):
    """Every number below a value of a document."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [number for part in value for number in numbers(part)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


def closed(schema):
    """Every object of a schema that lists properties, and whether it forbids others."""
    if isinstance(schema, list):
        return [entry for part in schema for entry in closed(part)]
    if not isinstance(schema, dict):
        return []
    own = [schema.get("additionalProperties") is False] if schema.get("type") == "object" else []
    return own + [entry for part in schema.values() for entry in closed(part)]


def test_the_schema_is_one_and_leaves_nothing_open():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert len(closed(SCHEMA)) == 17
    assert all(closed(SCHEMA))


@pytest.mark.parametrize("name", RECORDS)
def test_the_published_schemas_are_those_of_the_records(name):
    path = resources.files("estimation").joinpath(f"schemas/{name.replace('/', '-')}.schema.json")
    assert json.loads(path.read_text(encoding="utf-8")) == json_schema(name)


def test_the_demo_validates(whole):
    VALIDATOR.validate(written(whole))


def test_keys_stand_in_the_order_of_the_contract(whole):
    assert list(projection_document(whole)) == list(SCHEMA["properties"])
    assert set(SCHEMA["properties"]) - set(SCHEMA["required"]) == {"quality", "arrival"}


@pytest.mark.parametrize("stations", [[], [5], [1, 4, 7]], ids=["none", "one", "one stratum"])
def test_what_is_insufficient_validates(of_stations, stations):
    held = written(of_stations(stations))
    assert held["call"]["status"] == "insufficient"
    VALIDATOR.validate(held)


@pytest.mark.parametrize("rule", ["plurality", "single-candidate", "majority-runoff"])
@pytest.mark.parametrize("stations", [range(1, 13), range(1, 8), [1, 2, 3]], ids=["census", "partial", "one of each"])
def test_small_contests_validate(of_stations, rule, stations):
    held = written(of_stations(stations, rule=rule))
    assert held["call"]["status"] in ("called", "leading", "too-close")
    VALIDATOR.validate(held)


@pytest.mark.parametrize("where", [[], ["lead"], ["call"], ["areas", 0], ["shares", 0], ["provenance"]])
def test_what_the_contract_does_not_know_is_refused(whole, where):
    held = written(whole)
    place = held
    for key in where:
        place = place[key]
    place["surprise"] = 1
    with pytest.raises(jsonschema.ValidationError, match="'surprise' was unexpected"):
        VALIDATOR.validate(held)


def test_floats_have_at_most_nine_decimals(whole):
    held = numbers(written(whole))
    assert len(held) > 100
    assert [value for value in held if round(value, 9) != value] == []


def test_text_is_written_as_it_is(whole):
    text = to_json(projection_document(whole))
    assert "Yusuf Rio Wahyu Prayogo – Ulfiyah" in text
    assert "NaN" not in text
    assert text.endswith("}\n")


def test_intervals_contain_their_estimates(whole):
    held = written(whole)
    every = [*held["shares"], held["lead"], held["turnout"], held["invalid"]]
    every += [share for area in held["areas"] for share in area["shares"]]
    for quantity in every:
        assert quantity["low"] <= quantity["estimate"] <= quantity["high"]


def test_covariance_agrees_with_shares_and_lead(whole):
    held = written(whole)
    (a, b), (_, d) = held["covariance"]
    assert a == pytest.approx(held["shares"][0]["se"] ** 2, abs=2e-9)
    assert a + d - 2 * b == pytest.approx(held["lead"]["se"] ** 2, abs=4e-9)
    assert held["methods"][0]["shares"][0]["low"] == held["shares"][0]["low"]


def test_the_lead_names_both(whole):
    held = written(whole)
    assert (held["lead"]["leader"], held["lead"]["runner_up"]) == (1, 2)
    assert held["lead"]["estimate"] == pytest.approx(
        held["shares"][0]["estimate"] - held["shares"][1]["estimate"], abs=2e-9
    )


def test_what_has_no_variance_has_null_as_design_effect(of_stations):
    share = written(of_stations(range(1, 13)))["shares"][0]
    assert (share["se"], share["deff_stations"]) == (0, None)


def test_time_is_on_the_contest_s_clock(whole):
    assert written(whole)["as_of"] == "2024-11-27T18:30:00+07:00"
    assert written(replace(whole, as_of=None))["as_of"] is None


def test_tables(whole):
    made = projection_tables(whole)
    assert sorted(made) == ["areas", "findings", "officers", "shares"]
    assert list(made["shares"]["number"]) == [1, 2]
    assert len(made["areas"]) == 34
    assert made["areas"].loc[0, "path"] == "JAWA TIMUR / SITUBONDO / JATIBANTENG"
    assert made["areas"]["votes"].sum() == whole.counts.votes[whole.counts.seen].sum()
    assert made["officers"].drop(columns=["by", "officer", "path"]).sum().tolist() == [300, 208, 1]
    assert made["officers"].loc[0].tolist() == [
        "village",
        "P-001",
        "JAWA TIMUR / SITUBONDO / JATIBANTENG / PATEGALAN",
        2,
        2,
        0,
    ]


@pytest.mark.parametrize("stations", [[], range(1, 7), range(1, 13)])
def test_the_written_csv_is_that_of_the_tables(of_stations, tmp_path, stations):
    projection = of_stations(stations)
    write_projection(projection, tmp_path)
    for name, table in projection_tables(projection).items():
        assert (tmp_path / f"{name}.csv").read_text(encoding="utf-8") == table.to_csv(index=False, lineterminator="\n")


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [{"a": None}],
        [{"a": None, "b": 1, "c": 1, "d": 1e-9, "e": "x"},
         {"a": None, "b": None, "c": 2.5, "d": 1e16, "e": 'a "q", \r\n'}],
        [{"a": 0.1 + 0.2, "b": -0.0, "c": None, "d": ""}, {"a": 3.0, "b": 1e22, "c": "Ü", "d": ";"}],
    ],
)  # fmt: skip
def test_rows_are_written_as_pandas_writes_them(rows):
    written = _csv(list(rows[0]) if rows else (), [list(row.values()) for row in rows])
    assert written == pd.DataFrame(rows).to_csv(index=False, lineterminator="\n")
