"""Where an ibis expression runs: DuckDB in this process, or Spark, local or a cluster."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
from pathlib import Path

from ..errors import InputError

#: What DuckDB may hold in memory before it writes to disk.
MEMORY = "2GB"


def check(spec: str) -> str:
    """The engine's name as given, if there is such an engine.

    Raises
    ------
    InputError
        None of ``duckdb``, ``spark``, ``spark://HOST:PORT``.
    """
    if spec in ("duckdb", "spark") or re.fullmatch(r"spark://[^\s/:]+:\d{1,5}", spec):
        return spec
    raise InputError(f"engine {spec!r}: use duckdb, spark (this machine) or spark://HOST:PORT")


@contextlib.contextmanager
def engine(spec: str = "duckdb", *, work, memory: str = MEMORY, threads: int | None = None):
    """An ibis backend, let go of at the end.

    Parameters
    ----------
    spec : str
        ``duckdb``, ``spark`` (in this process) or ``spark://HOST:PORT`` (a standalone cluster,
        whose machines see the same folders as this one).
    work : path
        Folder for what does not fit in memory.
    memory : str
        DuckDB's limit, such as ``2GB``; of the Spark driver's own too.
    threads : int, optional
        Default: as many as there are cores.

    Yields
    ------
    ibis backend
    """
    import ibis

    check(spec)
    if spec == "duckdb":
        backend = ibis.duckdb.connect(memory_limit=memory, temp_directory=str(work))
        backend.raw_sql("SET preserve_insertion_order = false")
        if threads:
            backend.raw_sql(f"SET threads = {int(threads)}")
        try:
            yield backend
        finally:
            backend.disconnect()
        return
    session = _session(spec, memory, threads)
    try:
        yield ibis.pyspark.connect(session)
    finally:
        session.stop()


def _session(spec: str, memory: str, threads: int | None):
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise InputError(
            "PySpark is not installed: pip install 'xc-analysis[spark]' (it needs Java 17)"
        ) from None
    java = os.environ.get("JAVA_HOME")
    if not (shutil.which("java") or (java and Path(java, "bin", "java").is_file())):
        raise InputError("Spark needs Java 17, and no java is found: install it or set JAVA_HOME")
    here = spec == "spark"
    builder = SparkSession.builder.appName("xc stations")
    builder = builder.master(f"local[{threads or '*'}]" if here else spec)
    options = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.sources.partitionColumnTypeInference.enabled": "true",
        "spark.driver.memory": memory.lower().removesuffix("b"),
    }
    host = "" if here else spec.removeprefix("spark://").rpartition(":")[0]
    if here or host in ("127.0.0.1", "localhost"):
        options |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
        options["spark.sql.shuffle.partitions"] = str(4 * (threads or os.cpu_count() or 1))
    if not here:
        _answers(spec)
    for name, value in options.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def _answers(spec: str) -> None:
    """Spark itself would try for a minute before it says so."""
    host, _, port = spec.removeprefix("spark://").rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=5):
            pass
    except (OSError, OverflowError) as error:
        raise InputError(f"{spec}: no master answers there ({error}); start it first") from error
