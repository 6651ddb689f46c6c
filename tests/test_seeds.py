"""Seeds: the same text gives the same stream, and each purpose has its own."""

import numpy as np
import pytest

from estimation.seeds import generator


def stream(seed: int | str, *purpose: str) -> list[int]:
    return generator(seed, *purpose).integers(0, 2**32, 6).tolist()


def test_the_stream_of_a_seed_never_changes() -> None:
    # SHA-256 of "2024-11-27\x1fdraw" seeds PCG64: a published sample can be drawn again for ever.
    assert stream("2024-11-27", "draw")[:3] == [2193237597, 3965872630, 4123356760]


@pytest.mark.parametrize(("one", "other"), [(7, "7"), ("4-1-6-2", "4-1-6-2"), (0, "0"), ("ü", "ü")])
def test_the_same_text_is_the_same_seed(one: int | str, other: int | str) -> None:
    assert stream(one, "draw") == stream(other, "draw")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((7, "draw"), (7, "arrival")),
        ((7, "draw"), (7,)),
        ((7, "draw"), (8, "draw")),
        (("7", "draw"), ("07", "draw")),
        ((7, "draw", "1"), (7, "draw", "2")),
        ((7, "draw", "1"), (7, "draw1")),
    ],
)
def test_another_seed_or_purpose_is_another_stream(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert not set(stream(*one)) & set(stream(*other))


def test_purposes_are_independent() -> None:
    left, right = (generator(1, purpose).standard_normal(20_000) for purpose in ("draw", "arrival"))
    assert abs(np.corrcoef(left, right)[0, 1]) < 4 / np.sqrt(20_000)


def test_drawing_for_one_purpose_leaves_another_alone() -> None:
    before = stream(1, "arrival")
    generator(1, "draw").random(1_000)
    assert stream(1, "arrival") == before
