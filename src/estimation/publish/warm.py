# ruff: noqa: E402
"""All that a report needs, imported and found once: the fork server imports this module before it is asked for work.

To import it lays out an empty figure, which finds the fonts, reads the words and starts a shell for cells.
"""

import gc

gc.disable()  # what is imported stays: to look through it again and again takes a tenth of the time

from typing import TYPE_CHECKING

import pyarrow.csv  # noqa: F401

import estimation.publish.saving  # noqa: F401
from estimation.publish.card import find_fonts
from estimation.publish.figures.canvas import paint
from estimation.publish.shell import start
from estimation.words import LANGUAGES, catalogue

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def _draw_digit(figure: "Figure") -> None:
    figure.text(0.5, 0.5, "0")


paint("fonts", 1, 1, _draw_digit)
find_fonts()
for language in LANGUAGES:
    catalogue(language)
start()
gc.freeze()  # workers share what is there, and need not look through it
gc.enable()
