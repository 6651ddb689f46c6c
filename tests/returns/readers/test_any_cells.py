"""Whatever stands in the cells of any layout: no file stops the others, and the ledger says what reading said."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from estimation.contest import load_contest
from estimation.frame import load_frame
from estimation.returns import read_returns, resolve
from estimation.returns.ledger import ingest, intake, open_ledger

MakeContest = Callable[..., Path]
GOOD = "tps_id,votes_1,votes_2,invalid,total\n0001,120,170,10,300\n"
HEADERS = {
    "table": "tps_id,received_at,votes_1,votes_2,invalid,total,valid,registered,source,reporter,status,revisi,lintang",
    "kobo": "g/tps_id,g/votes_1,g/votes_2,_id,_uuid,_submission_time,_validation_status,_index,_submitted_by",
    "odk": "SubmissionDate,g-tps_id,g-votes_1,g-votes_2,KEY,ReviewState,Edits,SubmitterID",
    "apollo": "Participant ID,Name,DB Phone,Location,Location Code,votes_1,votes_2,Timestamp,Quarantine Status,S1",
    "messages": "id,pesan,diterima_pada,pengirim",
}
CELL = st.one_of(
    st.sampled_from(
        ["", "0001", "0002", "12", "-1", "1.5", "1,5", "1.234", "0x1F", "1_000", "9" * 400, "1e400", "nan"]
    ),
    st.sampled_from(["0001-01-01", "9999-12-31T23:59:59Z", "2024-W48-3", "20241127", "16:00", "2024-11-27T24:00:00Z"]),
    st.sampled_from(["2024-11-27T16:00:00", "2024-11-27T16:00:00.123456789+07:00", "2024-11-27T16:00:00+99:99"]),
    st.sampled_from(
        ["verified", "rejected", "Approved", "hasIssues", "+62 812 3456 789", "P-01", "\u0661\u0662", "\u202e"]
    ),
    st.sampled_from(["0001#P-1#1#2", "0001#P-1#O1#l2#3", "small#0001#1#2", "###", "#" * 300]),
    st.text(st.characters(codec="utf-8"), max_size=6),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    layout=st.sampled_from(list(HEADERS)),
    rows=st.lists(st.lists(CELL, min_size=13, max_size=13), max_size=4),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    zone=st.booleans(),
)
@pytest.mark.slow
def test_any_cells(make_contest: MakeContest, layout: str, rows: list[list[str]], encoding: str, zone: bool) -> None:
    folder = make_contest(returns={"0.csv": GOOD}, extra_toml='[returns]\ntimezone = "Asia/Jakarta"\n' if zone else "")
    header = HEADERS[layout].split(",")
    text = pd.DataFrame([row[: len(header)] for row in rows], columns=header).to_csv(index=False)
    for name in ("1.csv", "2.csv"):  # the second is the first again
        (folder / "inbox" / name).write_bytes(text.encode(encoding))
    contest = load_contest(folder)
    frame = load_frame(contest)
    read = read_returns(contest)
    assert read.table["tps_id"].iloc[0] == "0001"
    ledger = open_ledger(contest, "sqlite://")
    done = ingest(ledger, settle=0)
    kept = intake(ledger)
    ledger.close()
    assert done.entered.rows == len(read.table)
    assert done.entered.kinds["received"] == len(kept.table) <= 1 + len(rows)
    settled = [resolve(contest, frame, taken, np.arange(len(frame))).table for taken in (read, kept)]
    columns = ["row", "usable", *contest.vote_columns, "received_at"]
    pd.testing.assert_frame_equal(settled[0][columns], settled[1][columns])
