"""The night itself: rehearsals of it."""

from estimation.night.grade import Grade, grade
from estimation.night.rehearse import Rehearsal, prepare
from estimation.night.script import play

__all__ = ["Grade", "Rehearsal", "grade", "play", "prepare"]
