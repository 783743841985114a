"""What may be committed, and what may not."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
IGNORED = {".git", ".venv", "report", "build", "dist", ".cache", "__pycache__", ".ruff_cache"}
IGNORED |= {".pytest_cache", ".hypothesis", ".ipynb_checkpoints", "xc_analysis.egg-info"}


def files() -> list[Path]:
    """What is or would be committed; without git, everything that is not a by-product."""
    told = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if told.returncode == 0 and (ROOT / ".git").exists():
        listed = (ROOT / name for name in told.stdout.split("\0") if name)
        return sorted({p for p in listed if p.is_file()})
    return sorted(
        p for p in ROOT.rglob("*") if p.is_file() and not IGNORED & set(p.relative_to(ROOT).parts)
    )


FILES = files()
NOTEBOOKS = [p for p in FILES if p.suffix == ".ipynb"]
TEXTS = [
    p for p in FILES if p.suffix not in (".png", ".svg", ".xlsx", ".docx", ".pptx", ".gz", ".zip")
]


def named(paths) -> list[str]:
    return [p.relative_to(ROOT).as_posix() for p in paths]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_notebooks_are_committed_without_outputs(path):
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None
            assert cell["metadata"].keys() <= {"tags"}, "metadata that a run left behind"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_notebooks_hold_prose_and_calls_only(path):
    cells = json.loads(path.read_text("utf-8"))["cells"]
    code = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    assert not re.search(r"^\s*%%|^\s*!", code, re.MULTILINE), "magic or shell"
    assert "rcParams" not in code
    assert not re.search(r"""["'](?:\.\.?/|/|[A-Z]:\\\\)""", code), "a path"
    assert cells[0]["cell_type"] == "markdown" and "".join(cells[0]["source"]).startswith("# ")


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff_has_nothing_to_say(command):
    told = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "--no-cache", "-q", "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stdout + told.stderr


def test_no_file_names_a_folder_of_someones_machine():
    places = "|".join(("work", "root", "farm", "home/[a-z]+", "Users/[A-Za-z]+"))
    pattern = re.compile(rf"(?:^|[^A-Za-z0-9.])/(?:{places})/")
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in TEXTS
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_no_file_that_must_stay_out():
    unwanted = re.compile(
        r"(^|/)(uv\.lock|pylock\.toml|\.env|\.DS_Store)$|PRSA_Data_|beijing_(all|extra)_\d"
        r"|\.(zip|gz|parquet|duckdb|pyc)$|(^|/)report/|\.ipynb_checkpoints"
    )
    assert [name for name in named(FILES) if unwanted.search(name)] == []
    assert named(p for p in FILES if p.stat().st_size > 8_000_000) == []


def test_no_package_index_is_named():
    hosts = re.compile(
        r"\b(?:test\.)?py" + r"pi\.org|python" + r"hosted|extra-" + "index-url|--" + "index-url"
    )
    assert [p.name for p in TEXTS if hosts.search(p.read_text("utf-8"))] == []


def test_text_is_utf8_with_unix_line_ends():
    broken = [p for p in TEXTS if b"\r" in p.read_bytes() or p.read_bytes()[:3] == b"\xef\xbb\xbf"]
    assert named(broken) == []


def test_each_figure_has_picture_drawing_and_data_in_both_languages():
    stems = {(p.parent.name, p.stem, p.suffix) for p in FILES if p.is_relative_to(ROOT / "figures")}
    names = {stem for _, stem, _ in stems}
    wanted = {
        (lang, stem, kind)
        for lang in ("zh", "en")
        for stem in names
        for kind in (".png", ".svg", ".csv")
    }
    assert stems == wanted


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_readme_is_in_step_and_leads_somewhere(name):
    from xc_analysis import readme

    text = (ROOT / name).read_text("utf-8")
    assert readme.render(text, readme.language(name)) == text, "run make readme"
    leads = re.findall(r"\]\((?!https?:|#)([^)]+)\)", text) + re.findall(r'src="([^"]+)"', text)
    assert leads
    assert [lead for lead in leads if not (ROOT / lead.split("#")[0]).exists()] == []
    assert not re.search(r"\b(TODO|TBD|FIXME|XXX)\b|待补|lorem", text)


def test_both_readmes_have_the_same_sections():
    def shape(name: str) -> list[int]:
        text = re.sub(r"```.*?```", "", (ROOT / name).read_text("utf-8"), flags=re.DOTALL)
        return [len(marks) for marks in re.findall(r"^(#+) ", text, re.MULTILINE)]

    assert shape("README.md") == shape("README.zh-CN.md")


def test_citation_is_valid_and_of_this_version():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert cited["cff-version"] == "1.2.0"
    assert cited["version"] == project["version"]
    assert cited["license"] == project["license"]
    assert cited["title"] and cited["message"] and cited["authors"]
    log = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f"## {project['version']}" in log and "### Data corrections" in log


def test_hooks_run_the_locked_tools():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    locked = (ROOT / "requirements.lock.txt").read_text("utf-8")
    for repository in hooks:
        assert repository["repo"] == "local"
        for hook in repository["hooks"]:
            tool = hook["entry"].split()[2]
            assert f"\n{tool}==" in locked


def test_the_package_names_no_district_but_in_tables_of_names_and_examples():
    """String constants only: docstrings and examples of --help may name one."""
    found = []
    for path in sorted((ROOT / "xc_analysis").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        told = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                named = re.search("西城|Xicheng|官园|万寿西宫", node.value)
                if named and id(node) not in told and "example:" not in node.value:
                    found.append(path.relative_to(ROOT / "xc_analysis").as_posix())
    assert set(found) <= {"records/stations.py", "packs/places.py"}
