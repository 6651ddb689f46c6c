"""The night itself: the watch, many contests at once, and rehearsals."""

from estimation.night.grade import Grade, grade
from estimation.night.rehearse import Rehearsal, prepare_rehearsal
from estimation.night.script import play

__all__ = ["Grade", "Rehearsal", "grade", "play", "prepare_rehearsal"]
