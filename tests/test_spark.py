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
from test_stations import assert_same_values, make_store, messy_hours

from xc_analysis.errors import InputError
from xc_analysis.hourly import run_stations

pyspark = pytest.importorskip("pyspark", reason="PySpark, the optional extra, is not installed")
pytestmark = [
    pytest.mark.skipif(
        not (shutil.which("java") or os.environ.get("JAVA_HOME")), reason="Spark needs Java 17"
    ),
    pytest.mark.usefixtures("lang_en"),
]
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
        limit = time.monotonic() + 120
        while Path(log.name).read_text("utf-8").count(words) < times:
            assert time.monotonic() < limit, Path(log.name).read_text("utf-8")[-2000:]
            assert all(p.poll() is None for p in started), Path(log.name).read_text("utf-8")[-2000:]
            time.sleep(0.2)

    address = f"spark://127.0.0.1:{free_port()}"
    port = address.rpartition(":")[2]
    common = ("--host", "127.0.0.1", "--webui-port", "0")
    try:
        start("master.Master", *common, "--port", port)
        wait_for("I have been elected leader", 1)
        for number in range(workers):
            own = ("--cores", "1", "--memory", "1g", "--work-dir", str(folder / f"work{number}"))
            start("worker.Worker", *common, *own, address)
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
def folder(hours, tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("spark")
    (place / "places.csv").write_text(PLACES, "utf-8")
    return make_store(hours, place / "store")


def written(place: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(place.glob("*.csv"))}


def test_spark_gives_what_the_others_give_to_the_last_digit_written(hours, folder, tmp_path):
    small = run_stations(folder, out=tmp_path / "small")
    spark = run_stations(folder, out=tmp_path / "spark", engine="spark")
    for name in small:
        pd.testing.assert_frame_equal(small[name], spark[name], check_dtype=False, rtol=1e-12)
    assert written(tmp_path / "small") == written(tmp_path / "spark")
    assert_same_values(spark, hours, "station")


def test_a_cluster_of_two_workers_gives_the_same(folder, tmp_path):
    options = {"by": "district", "places": folder.parent / "places.csv"}
    run_stations(folder, out=tmp_path / "small", **options)
    (tmp_path / "cluster").mkdir()
    with cluster(tmp_path / "cluster") as (address, log):
        run_stations(folder, out=tmp_path / "spark", engine=address, **options)
        told = Path(log).read_text("utf-8")
    assert "Registered app xc stations" in told
    # both workers had a part in it
    ran = [p for p in sorted((tmp_path / "cluster").glob("work*/app-*/*")) if p.is_dir()]
    assert len({p.parent.parent.name for p in ran}) == 2
    assert written(tmp_path / "small") == written(tmp_path / "spark")


def test_a_master_that_is_not_there_is_named_at_once(folder):
    with pytest.raises(InputError, match="no master answers"):
        run_stations(folder, engine=f"spark://127.0.0.1:{free_port()}")
