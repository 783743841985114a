"""The same expression on Spark, in one process and on a cluster of a master and two workers."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest
from test_stations import make_store, messy_hours

from xc_analysis.errors import InputError
from xc_analysis.hourly import run_stations

pyspark = pytest.importorskip("pyspark", reason="PySpark, the optional extra, is not installed")
pytestmark = [
    pytest.mark.skipif(
        not (shutil.which("java") or os.environ.get("JAVA_HOME")), reason="Spark needs Java 17"
    ),
    pytest.mark.usefixtures("lang_en"),
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def cluster(folder: Path, workers: int = 2):
    """A standalone cluster on this machine; its address. Ends its own processes, by their ids."""
    home = Path(pyspark.__file__).parent
    environment = os.environ | {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"}
    log, port, started = folder / "log", free_port(), []
    address = f"spark://127.0.0.1:{port}"

    def start(role: str, *arguments: str, until: str) -> None:
        """Start a master or worker and wait for words in the log."""
        command = [home / "bin" / "spark-class", f"org.apache.spark.deploy.{role}"]
        command += ["--host", "127.0.0.1", "--webui-port", "0", *arguments]
        with log.open("a") as out:
            how = {"stdout": out, "stderr": out, "env": environment, "cwd": folder}
            started.append(subprocess.Popen(command, **how))
        limit, before = time.monotonic() + 120, log.read_text("utf-8").count(until)
        while log.read_text("utf-8").count(until) <= before:
            assert time.monotonic() < limit, log.read_text("utf-8")[-2000:]
            assert all(p.poll() is None for p in started), log.read_text("utf-8")[-2000:]
            time.sleep(0.2)

    try:
        start("master.Master", "--port", str(port), until="I have been elected leader")
        for number in range(workers):
            own = ("--cores", "1", "--memory", "1g", "--work-dir", str(folder / f"work{number}"))
            start("worker.Worker", *own, address, until="Successfully registered with master")
        yield address, log
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(30)


def written(place: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(place.glob("*.csv"))}


def test_spark_gives_what_duckdb_gives_to_the_last_digit_written(tmp_path):
    folder = make_store(messy_hours(seed=8), tmp_path / "store")
    duckdb = run_stations(folder, out=tmp_path / "duckdb")
    spark = run_stations(folder, out=tmp_path / "spark", engine="spark")
    for name in duckdb:
        pd.testing.assert_frame_equal(duckdb[name], spark[name], check_dtype=False, rtol=1e-12)
    assert written(tmp_path / "duckdb") == written(tmp_path / "spark")
    # a cluster of two workers gives the same
    options = {"by": "district", "places": tmp_path / "places.csv"}
    run_stations(folder, out=tmp_path / "duckdb", **options)
    (tmp_path / "cluster").mkdir()
    with cluster(tmp_path / "cluster") as (address, log):
        run_stations(folder, out=tmp_path / "spark", engine=address, **options)
        assert "Registered app xc stations" in log.read_text("utf-8")
    # both workers had a part in it
    ran = [p for p in sorted((tmp_path / "cluster").glob("work*/app-*/*")) if p.is_dir()]
    assert len({p.parent.parent.name for p in ran}) == 2
    assert written(tmp_path / "duckdb") == written(tmp_path / "spark")
    # and a master that is not there is named at once
    with pytest.raises(InputError, match="no master answers"):
        run_stations(folder, engine=f"spark://127.0.0.1:{free_port()}")
