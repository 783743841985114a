"""What may be committed, and what is installed: project, locks and environment say the same."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

import xc_analysis

ROOT = Path(__file__).resolve().parents[1]
BINARY = {".png", ".xlsx", ".docx", ".gz", ".zip"}


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@pytest.fixture(scope="module")
def files() -> list[Path]:
    """What is or would be committed."""
    if not (ROOT / ".git").exists():
        pytest.skip("a copy without git")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in told.stdout.split("\0") if (path := ROOT / name).is_file()]


def test_a_notebook_is_committed_without_outputs_or_traces_of_a_run(files):
    for path in [path for path in files if path.suffix == ".ipynb"]:
        notebook = json.loads(path.read_text("utf-8"))
        assert notebook["metadata"].keys() <= {"kernelspec", "language_info", "xc"}, path.name
        for cell in [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]:
            assert cell["outputs"] == [] and cell["execution_count"] is None, path.name
            assert cell["metadata"].keys() <= {"tags"}, path.name


def test_texts_are_utf8_with_unix_line_ends_and_name_no_machine_and_no_other_index(files):
    places = "|".join(("work", "root", "farm", "home/[a-z]+", "Users/[A-Za-z]+"))
    wrong = rf"(?:^|[^A-Za-z0-9.])/(?:{places})/.*|--(?:extra-)?index-url|--find-links"
    for path in [path for path in files if path.suffix not in BINARY]:
        content = path.read_bytes()
        assert b"\r" not in content and not content.startswith(b"\xef\xbb\xbf"), path
        found = re.search(wrong, content.decode(), re.MULTILINE)
        assert not found or path == Path(__file__), f"{path}: {found}"


def test_no_file_that_must_stay_out(files):
    unwanted = re.compile(
        r"(^|/)(uv\.lock|\.env|\.DS_Store)$|PRSA_Data_|beijing_(all|extra)_\d"
        r"|\.(zip|gz|parquet|duckdb|pyc|svg|pdf)$|(^|/)(report|scratch)/|\.ipynb_checkpoints"
    )
    assert [path for path in files if unwanted.search(path.relative_to(ROOT).as_posix())] == []
    assert [path for path in files if path.stat().st_size > 8_000_000] == []


PYPROJECT = tomllib.loads(read("pyproject.toml"))
PROJECT = PYPROJECT["project"]


def test_citation_changelog_and_package_are_of_one_version_under_the_licences_that_are_there():
    cited = yaml.safe_load(read("CITATION.cff"))
    assert cited["version"] == PROJECT["version"] == xc_analysis.__version__
    assert cited["license"] == PROJECT["license"] == "MIT" and "MIT License" in read("LICENSE")
    assert all((ROOT / name).is_file() for name in PROJECT["license-files"])
    log = read("CHANGELOG.md")
    assert f"## {PROJECT['version']}" in log and "### Data corrections" in log


def test_what_the_package_reads_beside_its_code_is_installed_with_it(files):
    patterns = ["*.py", *PYPROJECT["tool"]["setuptools"]["package-data"]["*"]]
    own = [path for path in files if path.is_relative_to(ROOT / "xc_analysis")]
    assert [path for path in own if not any(map(path.match, patterns))] == []


def test_project_locks_and_environment_list_the_same_things():
    needed = list(map(Requirement, PROJECT["dependencies"]))
    wanted = [*needed, *map(Requirement, PROJECT["optional-dependencies"]["test"])]
    pin, digest = r"([a-z0-9.-]+)==([\w.+!]+)(?: ; .+)? \\\n", r"    --hash=sha256:[0-9a-f]{64}"
    run, tests = (read(name) for name in ("requirements.lock.txt", "requirements-test.lock.txt"))
    for lock in (run, tests):
        assert re.fullmatch(rf"(?:{pin}(?:{digest} \\\n)*{digest}\n)+", lock), "pins with hashes"
    run, tests = dict(re.findall(pin, run)), dict(re.findall(pin, tests))
    assert not run.keys() & tests.keys(), "what only tests need is not installed for a run"
    assert {one.name for one in needed} <= run.keys()
    versions = {one.name: (run | tests)[one.name] for one in wanted}
    assert not [one for one in wanted if not one.specifier.contains(versions[one.name])]
    _, *conda, from_pip = yaml.safe_load(read("environment.yml"))["dependencies"]
    given = dict(line.split("=") for line in conda if line != "pip")
    given |= dict(line.split("==") for line in from_pip["pip"] if line != "-e .")
    given["ibis-framework"] = given.pop("ibis-duckdb")  # as conda calls it
    assert given.keys() == versions.keys()
    for name, version in given.items():
        assert "." in version and f"{versions[name]}.".startswith(f"{version}."), name
