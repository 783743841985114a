"""pyproject.toml, the two lock files and environment.yml say the same."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
NEEDED = {
    "run": [Requirement(line) for line in PROJECT["dependencies"]],
    "tests": [Requirement(line) for line in PROJECT["optional-dependencies"]["test"]],
}
LOCKS = {"run": "requirements.lock.txt", "tests": "requirements-test.lock.txt"}
TEXTS = {kind: (ROOT / name).read_text("utf-8") for kind, name in LOCKS.items()}
PIN = re.compile(r"^([a-z0-9][a-z0-9.-]*)==([\w.+!]+)(?: ; [^\\\n]+)? \\$", re.MULTILINE)
LOCKED = {kind: dict(PIN.findall(text)) for kind, text in TEXTS.items()}
CONDA_NAMES = {"ibis-framework": "ibis-duckdb"}  # where the two indexes call it differently


@pytest.mark.parametrize("kind", LOCKS)
def test_a_lock_holds_pins_with_hashes_of_what_is_needed_and_nothing_else(kind):
    block = rf"(?:{PIN.pattern[1:-1]}\n(?:    --hash=sha256:[0-9a-f]{{64}}(?: \\)?\n)+)+"
    assert re.fullmatch(block, TEXTS[kind])
    versions = LOCKED["run"] | LOCKED[kind]
    for requirement in NEEDED[kind]:
        version = versions[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} against {version}"


def test_what_only_tests_need_is_not_installed_for_a_run():
    assert not LOCKED["run"].keys() & LOCKED["tests"].keys()
    only = {canonicalize_name(r.name) for r in NEEDED["tests"]} - {"pyyaml"}  # Jupyter's too
    assert not only & LOCKED["run"].keys()


def test_conda_and_pip_install_the_same_things_of_the_same_minor_version():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
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
