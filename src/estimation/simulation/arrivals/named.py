"""Arrival models by name, as ``backtest --arrival`` takes them."""

from collections.abc import Callable

from estimation.columns import nearest_name
from estimation.errors import DesignError
from estimation.simulation.arrivals.log_logistic import BALI_2024
from estimation.simulation.arrivals.models import Adverse, AreaOrder, ArrivalModel, Missing, Ordered, Random
from estimation.simulation.arrivals.recorded import official_columns, recorded
from estimation.simulation.population import Population

MODELS: dict[str, Callable[..., ArrivalModel]] = {  # of the parameter, or of nothing
    "size": lambda *given: Ordered("size", *given),
    "distance": lambda *given: Ordered("distance", *given),
    "area": lambda *given: AreaOrder("district", *given),
    "village": lambda *given: AreaOrder("village", *given),
    "missing": Missing,
    "adverse": Adverse,
}


def arrival_model(name: str, population: Population) -> ArrivalModel:
    """Find an arrival model by its name.

    ==================  ==================================================================================
    name                order of arrival
    ==================  ==================================================================================
    random              any
    a column of the     as recorded: numbers (batches) or times; blank: never; see :func:`recorded`. It goes
    official file       before a model of the same name
    size, size=0.5      small stations first; the correlation, 1 is the strict order: :class:`Ordered`
    distance=0.5        near stations first
    area=0.5            districts have quick or slow nights; the part of the variance: :class:`AreaOrder`
    village=0.5         villages likewise
    missing=0.15        that part of the districts never reports: :class:`Missing`
    adverse=0.1         the first candidate's strongholds first, by δ: :class:`Adverse`
    log-logistic        times fitted to a past night, :data:`BALI_2024`
    ==================  ==================================================================================

    Parameters
    ----------
    name : str
        With ``=`` and a number where the default, shown above, is not wanted.
    population : Population
        Whose official file may have such a column.

    Raises
    ------
    DesignError
        The name is unknown, or its number can't be used.
    FrameError
        The column can't be read.
    """
    word, equals, given = (part.strip() for part in name.partition("="))
    if name == "random":
        return Random()
    found = recorded(population, name)
    if found is not None:
        return found
    if name == "log-logistic":
        return BALI_2024
    if word not in MODELS:
        models = ["random", *MODELS, "log-logistic"]
        columns = official_columns(population)
        near = nearest_name(word, [*models, *columns])
        raise DesignError(
            f"arrival '{name}' is neither a model nor a column of the official file: "
            + (f"did you mean '{near}'?" if near else f"models are {', '.join(models)}; columns {', '.join(columns)}")
        )
    if not equals:
        return MODELS[word]()
    try:
        number = float(given)
    except ValueError as error:
        raise DesignError(f"arrival '{name}': '{given}' is not a number: write {word}=0.5") from error
    return MODELS[word](number)
