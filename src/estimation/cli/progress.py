"""Shows on a terminal that work goes on."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def spinner(text: str) -> Iterator[None]:
    """Turn a wheel beside the text while the block runs; silent where nobody watches."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(text):
        yield
