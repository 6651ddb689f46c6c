"""Random generators from seeds that a person can read out: numbers, dice, any text."""

import hashlib

import numpy as np


def generator(seed: int | str, *purpose: str) -> np.random.Generator:
    """Make the generator that a seed and a purpose name.

    The same text gives the same stream on every machine; ``7`` and ``"7"`` are one seed.
    Different purposes give independent streams, so that adding a draw somewhere does not
    change another elsewhere.

    Parameters
    ----------
    seed : int or str
        Any number or text, for example ``"4-1-6-2"``.
    *purpose : str
        What the numbers are for, for example ``"draw"``.

    Returns
    -------
    numpy.random.Generator
        PCG64, seeded with the SHA-256 of the seed and the purposes.
    """
    text = "\x1f".join([str(seed), *purpose])
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))
