"""pyproject.toml, requirements.lock.txt and environment.yml say the same."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from rattler import MatchSpec, PackageRecord
from rattler.package import BuildString

ROOT = Path(__file__).resolve().parents[1]
CONDA_NAMES = {"ibis-framework": "ibis-duckdb"}  # where the two indexes call it differently


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def direct() -> list[Requirement]:
    declared = project()["dependencies"] + project()["optional-dependencies"]["dev"]
    return [Requirement(line) for line in declared]


def lock() -> dict[str, str]:
    lines = (ROOT / "requirements.lock.txt").read_text("utf-8").split("\n")
    return dict(line.split("==") for line in lines if line)


def conda() -> tuple[list[str], list[str]]:
    """The lines for conda and those it hands to pip."""
    listed = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    from_pip = [line for entry in listed if isinstance(entry, dict) for line in entry["pip"]]
    return [entry for entry in listed if isinstance(entry, str)], from_pip


def matches(spec: str, name: str, version: str) -> bool:
    record = PackageRecord(name, version, BuildString("0"), 0, "noarch")
    return MatchSpec(spec).matches(record)


def test_the_lock_is_plain_pins_without_an_address():
    for line in (ROOT / "requirements.lock.txt").read_text("utf-8").splitlines():
        assert re.fullmatch(r"[a-z0-9][a-z0-9.-]*==[\w.+!]+( ; .+)?", line), line


@pytest.mark.parametrize("requirement", direct(), ids=lambda r: r.name)
def test_every_direct_dependency_is_locked_within_its_bounds(requirement):
    version = lock()[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(version), f"{requirement} against {version}"


def test_conda_and_pip_install_the_same_things():
    from_conda, from_pip = conda()
    names = {re.split(r"[=<>]", line)[0] for line in from_conda} - {"python", "pip"}
    names |= {re.split(r"[=<>]", line)[0] for line in from_pip} - {"-e ."}
    wanted = {CONDA_NAMES.get(r.name, r.name) for r in direct()}
    assert names == wanted


def test_conda_lines_pin_a_minor_version_that_is_the_locked_one():
    pinned = {CONDA_NAMES.get(name, name): version for name, version in lock().items()}
    for line in conda()[0]:
        if line == "pip":
            continue
        name = line.split("=")[0]
        assert re.fullmatch(r"[a-z0-9-]+=\d+\.\d+", line), f"{line}: not pinned to a minor version"
        if name != "python":
            assert matches(line, name, pinned[name]), f"{line} against {pinned[name]}"


def test_what_conda_hands_to_pip_is_pinned_and_the_package_is_installed_by_it():
    *pinned, package = conda()[1]
    assert package == "-e ."
    for line in pinned:
        name, version = line.split("==")
        assert lock()[name] == version


def test_python_of_conda_is_one_that_the_package_takes():
    line = next(line for line in conda()[0] if line.startswith("python="))
    minor = line.split("=")[1]
    assert Requirement(f"python{project()['requires-python']}").specifier.contains(f"{minor}.0")


def test_a_spec_that_does_not_match_is_seen():
    assert matches("pandas=3.1", "pandas", "3.1.1")
    assert not matches("pandas=3.1", "pandas", "3.2.0")
    assert not matches("pandas=3.1", "pandas", "3.10.0")
