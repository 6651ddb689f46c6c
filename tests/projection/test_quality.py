"""What became of the returns."""

from dataclasses import asdict
from datetime import datetime

from estimation.contest import load_contest
from estimation.projection import project_contest

HEAD = "tps_id,received_at,votes_1,votes_2,invalid,total,source,status\n"
ROWS = """\
0001,2024-11-27T14:00:00+07:00,60,40,0,100,a,received
0001,2024-11-27T14:30:00+07:00,61,39,0,100,a,received
0002,2024-11-27T14:00:00+07:00,60,40,0,100,a,received
0002,2024-11-27T14:10:00+07:00,60,40,0,100,a,received
0003,2024-11-27T14:00:00+07:00,60,40,0,100,a,received
0003,2024-11-27T14:00:00+07:00,50,50,0,100,b,received
0004,2024-11-27T14:00:00+07:00,60,40,0,100,a,rejected
0005,2024-11-27T14:00:00+07:00,60,40,0,100,a,verified
0006,2024-11-27T14:40:00+07:00,60,40,0,101,a,received
9999,2024-11-27T14:00:00+07:00,60,40,0,100,a,received
"""


def of(make_contest, as_of=None, returns=HEAD + ROWS):
    contest = load_contest(make_contest(returns=returns, extra_toml='[returns]\nasked = "all"\n'))
    return asdict(project_contest(contest, as_of=as_of and datetime.fromisoformat(as_of)).quality)


def test_every_fate_is_counted(make_contest):
    assert of(make_contest) == {
        "returns": 9,
        "stations": 6,
        "used": 3,
        "kept_out": 3,
        "corrected": 1,
        "repeated": 1,
        "conflicting": 1,
        "rejected": 1,
        "verified": 1,
    }


def test_what_came_later_is_not_known_yet(make_contest):
    found = of(make_contest, "2024-11-27T14:20:00+07:00")
    assert (found["returns"], found["stations"], found["corrected"], found["repeated"]) == (7, 5, 0, 1)


def test_nothing_in(make_contest):
    assert set(of(make_contest, returns=HEAD).values()) == {0}
