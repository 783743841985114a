"""What every table holds: one declaration, from which all checks and dictionaries are made.

`TABLES` maps a table's name to its `Table`. The pandera schemas that `check` applies
(`pandera_schema`), the data dictionary and the Frictionless descriptor (`dictionary`) are read
from here, so that they cannot disagree.
"""

from __future__ import annotations

from functools import cache

from . import schemas_air, schemas_evidence, schemas_plan
from .columns import KINDS, POLLUTANTS, Column, Table

__all__ = ["KINDS", "POLLUTANTS", "TABLES", "Column", "Table", "pandera_schema"]

_DECLARED = (*schemas_evidence.TABLES, *schemas_plan.TABLES, *schemas_air.TABLES)
TABLES: dict[str, Table] = {table.name: table for table in _DECLARED}


@cache
def pandera_schema(table: str):
    """The pandera schema of one table's cells, for frames typed as `tables.load` types them.

    Parameters
    ----------
    table : str
        A key of `TABLES`.

    Returns
    -------
    pandera.pandas.DataFrameSchema
        Validate lazily to get every failing cell. Columns are optional here: a column that
        is missing is found when the file is read.
    """
    import pandera.pandas as pa

    columns = {}
    for column in TABLES[table].columns:
        checks = []
        if column.values:
            checks.append(pa.Check.isin(column.values, error="values"))
        if column.low is not None:
            checks.append(pa.Check.ge(column.low, error="low"))
        if column.high is not None:
            checks.append(pa.Check.le(column.high, error="high"))
        columns[column.name] = pa.Column(None, checks, nullable=not column.required, required=False)
    return pa.DataFrameSchema(columns)
