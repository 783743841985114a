"""Hourly air records to days, months and years by the national rules.

`daily` and so on compute on what `read_archive` returns or on any table of hours; `run_hourly` does
both and writes the tables of ``data/air``; `run_stations` takes every station of a country.
"""

from .archive import read_archive
from .days import daily
from .periods import annual, monthly
from .run import run_hourly
from .stations import run_stations

__all__ = ["annual", "daily", "monthly", "read_archive", "run_hourly", "run_stations"]
