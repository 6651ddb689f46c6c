"""Rows of returns as arrays: parts put together, rows chosen, text ranked and translated, the table of them."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from estimation.returns.rows import Rows, sorted_codes, translated


def rows(*ids: str | None, **more: object) -> Rows:
    times = np.array(["2024-11-27T09:00:00", "NaT"] * len(ids), dtype="datetime64[ns]")[: len(ids)]
    return Rows({"tps_id": pa.array(ids), "votes_1": np.arange(float(len(ids))), "received_at": times, **more})


def test_a_table_has_text_as_str_and_moments_in_utc() -> None:
    table = rows("0001", None).table
    assert [str(kind) for kind in table.dtypes] == ["str", "float64", "datetime64[ns, UTC]"]
    assert table["tps_id"].isna().tolist() == [False, True]
    assert table["received_at"].iloc[0] == pd.Timestamp("2024-11-27T09:00:00Z")
    assert pd.isna(table["received_at"].iloc[1])


def test_the_columns_of_a_table_come_back() -> None:
    first = rows("0001", None)
    again = Rows.of_table(first.table)
    assert list(again) == list(first)
    pd.testing.assert_frame_equal(again.table, first.table)


def test_a_count_that_one_part_has_not_is_blank_there() -> None:
    joined = Rows.join([rows("a", "b"), rows("c", valid=np.array([7.0]))])
    assert joined.strings("tps_id") == ["a", "b", "c"]
    np.testing.assert_array_equal(joined["valid"], [np.nan, np.nan, 7.0])


def test_text_that_one_part_has_not_is_blank_there() -> None:
    joined = Rows.join([rows("a"), rows("b", source=pa.array(["app"]))])
    assert joined.strings("source") == ["", "app"]


@pytest.mark.parametrize("where", [np.array([False, True, True]), np.array([1, 2])])
def test_rows_are_taken_by_mask_or_number(where: np.ndarray) -> None:
    some = rows("a", "b", "c").take(where)
    assert (some.strings("tps_id"), some["votes_1"].tolist(), len(some)) == (["b", "c"], [1.0, 2.0], 2)


def test_columns_are_added_and_dropped_in_a_copy() -> None:
    first = rows("a")
    more = first.assign(row=np.array([3])).drop(["votes_1"])
    assert (list(first), list(more)) == (["tps_id", "votes_1", "received_at"], ["tps_id", "received_at", "row"])


def test_text_is_ranked_as_it_sorts_and_a_blank_comes_first() -> None:
    assert sorted_codes(pa.array(["b", None, "a", "b", ""])).tolist() == [2, 0, 1, 2, 0]


def test_equal_is_false_for_a_blank() -> None:
    assert rows("a", None, "b").equal("tps_id", "a").tolist() == [True, False, False]


def test_a_value_without_a_meaning_becomes_blank() -> None:
    assert translated(pa.array(["yes", None, "no"]), {"yes": "1"}.get).to_pylist() == ["1", None, None]


def test_no_rows() -> None:
    assert (len(Rows({})), len(rows()), len(rows().table)) == (0, 0, 0)
