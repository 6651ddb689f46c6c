"""Sample and returns in, one projection out: shares, lead, turnout, areas, call, warnings."""

from estimation.projection.areas import AreaResult
from estimation.projection.compute import Projection, project
from estimation.projection.document import document, tables, write_take

__all__ = ["AreaResult", "Projection", "document", "project", "tables", "write_take"]
