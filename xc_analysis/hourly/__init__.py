"""Hourly air records to days, months and years by the national rules.

`read_archive` reads files of hours with all their defects; `daily`, `monthly` and `annual` compute
on what it returns or on any table of hours; `run_hourly` does both and writes the tables of
``data/air``; `run_stations` takes every station of a country, on DuckDB or Spark.
"""

from .archive import read_archive
from .days import daily
from .periods import annual, monthly
from .run import run_hourly
from .stations import run_stations

__all__ = ["annual", "daily", "monthly", "read_archive", "run_hourly", "run_stations"]
