"""Finds what ships with the package: notebooks and demo contests."""

from pathlib import Path

from estimation.errors import EstimationError

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parents[1]
DEMOS = ("situbondo-2024", "gianyar-2024")


def notebook(name: str) -> Path:
    """Find a notebook by its name, in the installed package or in the checkout."""
    return _find(_PACKAGE / "notebooks" / f"{name}.ipynb", _CHECKOUT / "notebooks" / f"{name}.ipynb")


def demo_contest(name: str) -> Path:
    """Find the folder of a demo contest.

    Raises
    ------
    EstimationError
        There is no demo contest of that name.
    """
    if name not in DEMOS:
        raise EstimationError(f"'{name}' is no demo contest: known are {', '.join(DEMOS)}")
    return _find(_PACKAGE / "demo" / name, _CHECKOUT / "data" / name)


def _find(*places: Path) -> Path:
    for place in places:
        if place.exists():
            return place
    raise EstimationError(f"{places[0].name} is missing from this installation: install the package again")
