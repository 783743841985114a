"""What may be committed, and what is installed: project, locks and environment say the same."""

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import xc_analysis

ROOT = Path(__file__).resolve().parents[1]
BY_PRODUCTS = set(".git .venv report scratch build dist .cache __pycache__ .ruff_cache".split())
BY_PRODUCTS |= {".pytest_cache", ".hypothesis", ".ipynb_checkpoints"}
BINARY = {".png", ".xlsx", ".docx", ".gz", ".zip"}


def listed() -> list[Path]:
    """What is or would be committed; without git, everything that is not a by-product."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if told.returncode == 0 and (ROOT / ".git").exists():
        paths = {ROOT / name for name in told.stdout.split("\0") if name}
    else:
        every = (path.relative_to(ROOT) for path in ROOT.rglob("*"))
        kept = (path for path in every if not BY_PRODUCTS & set(path.parts))
        paths = {ROOT / path for path in kept if ".egg-info" not in str(path)}
    return sorted(path for path in paths if path.is_file())


FILES = listed()
TEXTS = [path for path in FILES if path.suffix not in BINARY]


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


PYPROJECT = tomllib.loads(read("pyproject.toml"))


def test_a_notebook_is_committed_without_outputs_or_traces_of_a_run():
    for path in [path for path in FILES if path.suffix == ".ipynb"]:
        notebook = json.loads(path.read_text("utf-8"))
        assert notebook["metadata"].keys() <= {"kernelspec", "language_info", "xc"}, path.name
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                assert cell["outputs"] == [] and cell["execution_count"] is None, path.name
                assert cell["metadata"].keys() <= {"tags"}, path.name


def test_texts_are_utf8_with_unix_line_ends_and_name_no_folder_of_someones_machine():
    places = "|".join(("work", "root", "farm", "home/[a-z]+", "Users/[A-Za-z]+"))
    for path in TEXTS:
        content = path.read_bytes()
        assert b"\r" not in content and not content.startswith(b"\xef\xbb\xbf"), path
        found = re.search(rf"(?:^|[^A-Za-z0-9.])/(?:{places})/.*", content.decode(), re.MULTILINE)
        assert not found, f"{path}: {found}"


def test_no_file_that_must_stay_out():
    unwanted = re.compile(
        r"(^|/)(uv\.lock|pylock\.toml|\.env|\.DS_Store)$|PRSA_Data_|beijing_(all|extra)_\d"
        r"|\.(zip|gz|parquet|duckdb|pyc|svg|pdf)$|(^|/)(report|scratch)/|\.ipynb_checkpoints"
    )
    names = [path.relative_to(ROOT).as_posix() for path in FILES]
    assert [name for name in names if unwanted.search(name)] == []
    assert [path.name for path in FILES if path.stat().st_size > 8_000_000] == []


def test_citation_changelog_and_package_are_of_one_version():
    cited = yaml.safe_load(read("CITATION.cff"))
    project = PYPROJECT["project"]
    assert cited["cff-version"] == "1.2.0"
    assert cited["version"] == project["version"] == xc_analysis.__version__
    assert cited["license"] == project["license"]
    assert cited["title"] and cited["message"] and cited["authors"]
    log = read("CHANGELOG.md")
    assert f"## {project['version']}" in log and "### Data corrections" in log


def test_hooks_run_the_locked_tools():
    for repository in yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]:
        assert repository["repo"] == "local"
        for hook in repository["hooks"]:
            assert f"\n{hook['entry'].split()[2]}==" in read("requirements-test.lock.txt")


def test_what_the_package_reads_beside_its_code_is_installed_with_it():
    patterns = PYPROJECT["tool"]["setuptools"]["package-data"]["*"]
    own = [path for path in FILES if path.is_relative_to(ROOT / "xc_analysis")]
    beside = [path for path in own if path.suffix != ".py"]
    installed = [p for p in beside if any(map(p.match, patterns))]
    assert beside and installed == beside


MAKE = {
    "report": ["-m xc_analysis build"],
    "test": ["ruff check", "ruff format -q --check", "pytest -q -n 2"],
    "lab": ["jupyterlab notebooks/00_start_here.ipynb"],
    "data ARCHIVE=x": ['tools/air_tables.py "x"', "tools/deletions.py"],
    "docs": ["tools/docs.py"],
}


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not here")
@pytest.mark.parametrize("target", MAKE)
def test_make_runs_what_it_says(target):
    command = ["make", "-n", *target.split()]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [step for step in MAKE[target] if step not in told] == []
    for script in re.findall(r"\b(?:tools|notebooks)/[\w./]+", told):
        assert (ROOT / script).exists(), script


NEEDED = {"run": PYPROJECT["project"]["dependencies"]}
NEEDED |= {"tests": PYPROJECT["project"]["optional-dependencies"]["test"]}
NEEDED = {kind: list(map(Requirement, lines)) for kind, lines in NEEDED.items()}
LOCKS = {"run": "requirements.lock.txt", "tests": "requirements-test.lock.txt"}
LOCK_TEXTS = {kind: read(name) for kind, name in LOCKS.items()}
PIN = re.compile(r"^([a-z0-9][a-z0-9.-]*)==([\w.+!]+)(?: ; [^\\\n]+)? \\$", re.MULTILINE)
LOCKED = {kind: dict(PIN.findall(text)) for kind, text in LOCK_TEXTS.items()}
CONDA_NAMES = {"ibis-framework": "ibis-duckdb"}  # where the two indexes call it differently


@pytest.mark.parametrize("kind", LOCKS)
def test_a_lock_holds_pins_with_hashes_of_what_is_needed_and_nothing_else(kind):
    block = rf"(?:{PIN.pattern[1:-1]}\n(?:    --hash=sha256:[0-9a-f]{{64}}(?: \\)?\n)+)+"
    assert re.fullmatch(block, LOCK_TEXTS[kind])
    versions = LOCKED["run"] | LOCKED[kind]
    for requirement in NEEDED[kind]:
        version = versions[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} against {version}"


def test_what_only_tests_need_is_not_installed_for_a_run():
    assert not LOCKED["run"].keys() & LOCKED["tests"].keys()
    only = {canonicalize_name(r.name) for r in NEEDED["tests"]} - {"pyyaml"}  # Jupyter's too
    assert not only & LOCKED["run"].keys()


def test_conda_and_pip_install_the_same_things_of_the_same_minor_version():
    listed = yaml.safe_load(read("environment.yml"))["dependencies"]
    from_pip = [line for entry in listed if isinstance(entry, dict) for line in entry["pip"]]
    from_conda = [entry for entry in listed if isinstance(entry, str) and entry != "pip"]
    names = {re.split(r"[=<>]", line)[0] for line in [*from_conda, *from_pip]}
    wanted = {CONDA_NAMES.get(r.name, r.name) for rows in NEEDED.values() for r in rows}
    assert names == wanted | {"python", "-e ."}
    versions = LOCKED["run"] | LOCKED["tests"]
    pinned = {CONDA_NAMES.get(name, name): version for name, version in versions.items()}
    for line in from_conda:
        assert re.fullmatch(r"[a-z0-9-]+=\d+\.\d+", line), f"{line}: not pinned to a minor version"
        name, version = line.split("=")
        assert name == "python" or pinned[name].startswith(f"{version}."), line


def test_the_package_imports_only_what_is_declared():
    """Every library that the package names is a direct dependency, its own or Python's."""
    provided = {canonicalize_name(r.name).replace("-", "_") for r in NEEDED["run"]}
    # parts of those, and what is asked for only where it is there
    provided |= set("ibis duckdb pypandoc IPython jupyter_client traitlets zmq tornado".split())
    provided |= set("pylopdf_fonts_zh_cn pyspark jupyter_server PIL markupsafe".split())
    found = set()
    for path in (ROOT / "xc_analysis").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                found.add(node.module.split(".")[0])
    assert found - provided <= {"xc_analysis", "mpl_toolkits", *sys.stdlib_module_names}
