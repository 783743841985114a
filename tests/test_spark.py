"""The same expressions on Spark, in one process and on a cluster of a master and two workers."""

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
from test_stations_run import assert_same_values, make_store, messy_hours

from xc_analysis.errors import InputError
from xc_analysis.records import stations_run

pyspark = pytest.importorskip(
    "pyspark", reason="PySpark is not installed (the optional extra: make spark)"
)
pytestmark = pytest.mark.skipif(
    not (shutil.which("java") or os.environ.get("JAVA_HOME")), reason="Spark needs Java 17"
)
PLACES = "station,district,city\n甲,东区,某市\n乙,东区,某市\n丙,西区,某市\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def cluster(folder: Path, workers: int = 2):
    """A standalone cluster on this machine; its address. Ends its own processes, by their ids."""
    home = Path(pyspark.__file__).parent
    environment = os.environ | {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"}
    log = (folder / "log").open("w+")
    started = []

    def start(role: str, *arguments: str) -> None:
        command = [home / "bin" / "spark-class", f"org.apache.spark.deploy.{role}", *arguments]
        started.append(
            subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder)
        )

    def wait_for(words: str, times: int) -> None:
        limit = time.monotonic() + 90
        while Path(log.name).read_text("utf-8").count(words) < times:
            assert time.monotonic() < limit, Path(log.name).read_text("utf-8")[-2000:]
            assert all(p.poll() is None for p in started), Path(log.name).read_text("utf-8")[-2000:]
            time.sleep(0.2)

    address = f"spark://127.0.0.1:{free_port()}"
    port = address.rpartition(":")[2]
    try:
        start("master.Master", "--host", "127.0.0.1", "--port", port, "--webui-port", "0")
        wait_for("I have been elected leader", 1)
        for number in range(workers):
            start(
                "worker.Worker", "--host", "127.0.0.1", "--webui-port", "0", "--cores", "1",
                "--memory", "1g", "--work-dir", str(folder / f"work{number}"), address,
            )  # fmt: skip
        wait_for("Successfully registered with master", workers)
        yield address, log.name
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(30)
        log.close()


@pytest.fixture(scope="module")
def hours() -> pd.DataFrame:
    return messy_hours(seed=8)


@pytest.fixture(scope="module")
def store(hours, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("spark")
    (folder / "places.csv").write_text(PLACES, "utf-8")
    return make_store(hours, folder / "store")


def written(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.glob("*.csv"))}


def test_spark_gives_what_duckdb_and_pandas_give_to_the_last_digit_written(hours, store, tmp_path):
    duck = stations_run.run(store, out=tmp_path / "duckdb")
    spark = stations_run.run(store, out=tmp_path / "spark", engine="spark")
    for name in duck:
        pd.testing.assert_frame_equal(duck[name], spark[name], check_dtype=False, rtol=1e-12)
    assert written(tmp_path / "duckdb") == written(tmp_path / "spark")
    assert_same_values(spark, hours, "station")


def test_a_cluster_of_two_workers_gives_the_same(store, tmp_path):
    options = {"by": "district", "places": store.parent / "places.csv"}
    stations_run.run(store, out=tmp_path / "duckdb", **options)
    (tmp_path / "cluster").mkdir()
    with cluster(tmp_path / "cluster") as (address, log):
        stations_run.run(store, out=tmp_path / "spark", engine=address, **options)
        told = Path(log).read_text("utf-8")
    assert "Registered app xc stations" in told
    # both workers had a part in it
    ran = [p for p in sorted((tmp_path / "cluster").glob("work*/app-*/*")) if p.is_dir()]
    assert len({p.parent.parent.name for p in ran}) == 2
    assert written(tmp_path / "duckdb") == written(tmp_path / "spark")


def test_a_master_that_is_not_there_is_said_at_once(store):
    with pytest.raises(InputError, match="no master answers there"):
        stations_run.run(store, engine=f"spark://127.0.0.1:{free_port()}")
