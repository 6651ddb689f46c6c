"""From a projection to a page: parts, figures, words, and the run of a notebook."""

from estimation.publish.pages import Page, render
from estimation.publish.parts import Part, ProjectionReport
from estimation.publish.report import open_projection, save

__all__ = ["Page", "Part", "ProjectionReport", "open_projection", "render", "save"]
