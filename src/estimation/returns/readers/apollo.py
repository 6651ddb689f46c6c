"""NDI Apollo observer exports.

A byte-order mark; Participant ID, Name, DB Phone, Recent Phone, one column for each level of areas, Location, Location
Code, Latitude, Longitude, Registered Voters, one column for each tag of the form, Timestamp (without a zone: the
contest must declare it), a column of 0 and 1 for each sample, Comment, Quarantine Status. Names and telephone numbers
are dropped. Codes lose leading zeros on its side: they are matched with the frame, and listed (W215). The tags of the
votes are the team's own: ``[returns] columns = { AA = "votes_1", AB = "votes_2" }``. Headers may be translated: then
``[returns] format = "apollo"`` and the names in ``columns`` say what they are.
"""

import numpy as np
import pyarrow.compute as pc

from estimation.contest import Contest
from estimation.returns.readers.layouts import layouts
from estimation.tables import Table, as_text


def prepare(source: Table, contest: Contest) -> Table:
    """Leave out the columns that say who is in which sample: they hold 0 and 1 only, and are none of ours."""
    names = layouts()["apollo"].names(source.header, str(source.path), contest)
    return source.select([raw for raw in source.header if raw in names or not _is_sample(source, raw)])


def _is_sample(source: Table, raw: str) -> bool:
    values = pc.unique(as_text(source.data.column(raw))).to_pylist()
    return bool(np.isin(values, ["0", "1"]).all()) and len(values) > 0
