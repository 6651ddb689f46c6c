"""Builds the site of the documentation: ``make docs``. Nothing in it is read over a network."""

import sys
from pathlib import Path

_HERE = Path(__file__).parent
sys.path.insert(0, str(_HERE / "_ext"))
sys.path.insert(0, str(_HERE.parent / "src"))

from estimation import __version__  # noqa: E402 the checkout's own, as the line above says

project = "quickcount"
author = "The quickcount authors"
copyright = "2026, the quickcount authors"
version = release = __version__
language = "en"
smartquotes = False  # an option stays --option

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc", "sphinx_click", "generated"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_ext", "_templates"]
templates_path = ["_templates"]
html_theme = "furo"
html_title = f"quickcount {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}

myst_enable_extensions = ["deflist", "colon_fence"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # numpydoc docstrings say types, with shapes and units
autodoc_preserve_defaults = True
autodoc_class_signature = "mixed"
autodoc_default_options = {"exclude-members": "model_config"}  # pydantic's own
numpydoc_show_class_members = False  # autodoc lists them
autosummary_generate = False  # numpydoc brings autosummary along
nitpicky = False
