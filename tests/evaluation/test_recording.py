"""Returns against official counts, station by station."""

from estimation.contest import load_contest
from estimation.evaluation import evaluate


def test_a_difference_is_named_with_its_place(by_hand) -> None:
    found = evaluate(load_contest(by_hand())).recording
    assert (found.compared, found.net) == (8, (20, -20))
    (one,) = found.stations
    assert (one.tps_id, one.path, one.tps) == ("0002", ("JAWA", "KOTA", "B", "DESA 2"), "002")
    assert (one.file, one.line) == ("returns.csv", 2 + list(by_hand.sent).index(2))
    assert (one.sent, one.official, one.kind, one.moved) == ((122, 78), (102, 98), "votes", 40)


def test_the_largest_come_first_and_what_was_swapped_is_told_apart(by_hand) -> None:
    sent = by_hand.sent | {2: (102, 98), 7: (93, 107), 3: (104, 97)}
    found = evaluate(load_contest(by_hand(sent=sent))).recording
    assert [(one.tps_id, one.kind, one.moved) for one in found.stations] == [
        ("0007", "order", 28),
        ("0003", "votes", 1),
    ]
    assert (found.count("order"), found.count("votes"), found.net) == (1, 1, (-13, 14))


def test_invalid_votes_alone(by_hand) -> None:
    folder = by_hand(sent=by_hand.sent | {2: (102, 98)})
    path = folder / "inbox" / "returns.csv"
    path.write_text(path.read_text().replace("0002,102,98,10,210", "0002,102,98,13,213"))
    (one,) = evaluate(load_contest(folder)).recording.stations
    assert (one.kind, one.moved, one.invalid) == ("invalid", 0, (13, 10))


def test_what_the_rules_kept_out(by_hand) -> None:
    folder = by_hand()
    path = folder / "inbox" / "returns.csv"
    # the votes are the official ones, the total is not; and a station whose votes are wrong too
    text = path.read_text().replace("0001,101,99,10,210", "0001,101,99,10,211").replace("0002,122,78", "0002,122,79")
    path.write_text(text)
    found = evaluate(load_contest(folder)).recording
    assert (found.compared, found.kept_out, found.needless, found.stations) == (6, 2, 1, ())
