"""Sample and returns in, one projection out: shares, lead, turnout, areas, call, warnings."""

from estimation.projection.areas import AreaResult
from estimation.projection.compute_projection import Projection, project
from estimation.projection.evening import Evening
from estimation.projection.inputs import make_take, open_sample, project_contest, read_evening
from estimation.projection.projection_files import projection_document, projection_tables, write_projection
from estimation.projection.record import ProjectionRecord, TakeRecord
from estimation.projection.takes import Take, Takes, read_takes, write_take

__all__ = [
    "AreaResult",
    "Evening",
    "Projection",
    "ProjectionRecord",
    "Take",
    "TakeRecord",
    "Takes",
    "make_take",
    "open_sample",
    "project",
    "project_contest",
    "projection_document",
    "projection_tables",
    "read_evening",
    "read_takes",
    "write_projection",
    "write_take",
]
