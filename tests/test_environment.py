"""pyproject.toml, the two lock files and environment.yml say the same."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
RUN, TEST = ROOT / "requirements.lock.txt", ROOT / "requirements-test.lock.txt"
CONDA_NAMES = {"ibis-framework": "ibis-duckdb"}  # where the two indexes call it differently
PIN = re.compile(r"^([a-z0-9][a-z0-9.-]*)==([\w.+!]+)(?: ; ([^\\\n]+?))?(?= \\$)", re.MULTILINE)


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def declared(*, tests: bool) -> list[Requirement]:
    listed = project()["optional-dependencies"]["test"] if tests else project()["dependencies"]
    return [Requirement(line) for line in listed]


def locked(path: Path) -> dict[str, str]:
    return {name: version for name, version, _ in PIN.findall(path.read_text("utf-8"))}


def conda() -> tuple[list[str], list[str]]:
    """The lines for conda and those it hands to pip."""
    listed = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    from_pip = [line for entry in listed if isinstance(entry, dict) for line in entry["pip"]]
    return [entry for entry in listed if isinstance(entry, str)], from_pip


@pytest.mark.parametrize("path", [RUN, TEST], ids=lambda p: p.name)
def test_a_lock_holds_pins_and_hashes_and_nothing_else(path):
    lines = path.read_text("utf-8").splitlines()
    pin = re.compile(r"[a-z0-9][a-z0-9.-]*==[\w.+!]+(?: ; [^\\]+)? \\")
    hash_line = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")
    odd = [line for line in lines if not (pin.fullmatch(line) or hash_line.fullmatch(line))]
    assert odd == []
    for above, line in zip(lines, lines[1:], strict=False):
        if pin.fullmatch(above):
            assert hash_line.fullmatch(line), f"{above} has no hash"


def test_the_two_locks_share_nothing():
    assert set(locked(RUN)) & set(locked(TEST)) == set()


@pytest.mark.parametrize("tests", [False, True], ids=["run", "tests"])
def test_every_direct_dependency_is_locked_within_its_bounds(tests):
    versions = locked(RUN) | (locked(TEST) if tests else {})
    for requirement in declared(tests=tests):
        version = versions[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} against {version}"


def test_what_only_tests_need_is_not_installed_for_a_run():
    only = {canonicalize_name(r.name) for r in declared(tests=True)} - {"pyyaml"}  # Jupyter's too
    assert only & set(locked(RUN)) == set()


def test_conda_and_pip_install_the_same_things():
    from_conda, from_pip = conda()
    names = {re.split(r"[=<>]", line)[0] for line in from_conda} - {"python", "pip"}
    names |= {re.split(r"[=<>]", line)[0] for line in from_pip} - {"-e ."}
    wanted = [*declared(tests=False), *declared(tests=True)]
    assert names == {CONDA_NAMES.get(r.name, r.name) for r in wanted}


def test_conda_lines_pin_the_minor_version_that_is_locked():
    versions = locked(RUN) | locked(TEST)
    pinned = {CONDA_NAMES.get(name, name): version for name, version in versions.items()}
    for line in conda()[0]:
        if line == "pip":
            continue
        name = line.split("=")[0]
        assert re.fullmatch(r"[a-z0-9-]+=\d+\.\d+", line), f"{line}: not pinned to a minor version"
        if name != "python":
            assert pinned[name].startswith(line.split("=")[1] + "."), line


def test_the_package_imports_only_what_is_declared():
    """Every library that the package names is a direct dependency, its own or Python's."""
    import ast

    provided = {canonicalize_name(r.name).replace("-", "_") for r in declared(tests=False)}
    provided |= {"ibis", "duckdb", "pypandoc", "IPython", "jupyter_client", "traitlets", "zmq"}
    provided |= {"pylopdf_fonts_zh_cn", "pyspark", "nbformat", "tornado", "jupyter_server", "PIL"}
    provided |= {"markupsafe"}
    found = set()
    for path in (ROOT / "xc_analysis").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                found.add(node.module.split(".")[0])
    own = {"xc_analysis", "mpl_toolkits", *sys.stdlib_module_names}
    assert found - provided - own == set()
