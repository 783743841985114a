# make report and make test are all that a machine with Python 3.11 to 3.13 needs.
# Both make .venv first, or bring it up to date, from the lock files.

.DEFAULT_GOAL := help
.PHONY: help report test lab data docs spark bench lock clean

PY := .venv/bin/python
# the folder is in the name: an environment that was copied or moved is made anew
HERE := $(shell printf '%s' "$(CURDIR)" | cksum | cut -d' ' -f1)
READY := .venv/.ready-$(HERE)
TESTS := .venv/.tests-$(HERE)
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && \
	echo "$$p" && break; done)

# libraries are compiled once, when they are installed, not at every start
unexport PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME VIRTUAL_ENV
export UV_COMPILE_BYTECODE := 1

help:
	@echo "make report   运行笔记本，输出图件与报告    run the notebooks, write figures and report"
	@echo "make lab      在 JupyterLab 中打开入门笔记本  open the first notebook in JupyterLab"
	@echo "make test     代码检查与测试                check the code, run the tests"
	@echo "make data ARCHIVE=DIR   由逐时记录重算 data/air   compute data/air from hourly records"
	@echo "make docs     更新生成的文档                write the generated documents"
	@echo "make bench    性能对比                      measure, into benchmarks/results"
	@echo "make spark    安装 Spark 引擎（可选）       install the Spark engine (optional)"
	@echo "make lock     重新锁定依赖版本（需要 uv）   lock the versions again (needs uv)"
	@echo "make clean    删除可再生成的文件            remove what can be made again, but .venv"

report: $(READY)
	@$(PY) -m xc_analysis build

test: $(TESTS)
	@$(PY) -m ruff check -q .
	@$(PY) -m ruff format -q --check .
	@$(PY) -m pytest -q -n 2

lab: $(READY)
	@$(PY) -m jupyterlab notebooks/00_start_here.ipynb

data: $(READY)
	@test -n "$(ARCHIVE)" || { echo "say which folder: make data ARCHIVE=DIR"; exit 1; }
	@$(PY) tools/air_tables.py "$(ARCHIVE)"
	@$(PY) tools/deletions.py

docs: $(READY)
	@$(PY) tools/docs.py

# half a gigabyte that only xc stations --engine spark needs; wants Java 17
spark: $(READY)
	@tools/install.sh "$(PYTHON)" --extra spark

# about twenty minutes; ARCHIVE is the folder of hourly archives, without it that part is left out
bench: .venv/.bench-$(HERE)
	@$(PY) benchmarks/bench_import.py
	@$(PY) benchmarks/bench_trend.py
	@$(PY) benchmarks/bench_projection.py
	@$(PY) benchmarks/bench_hourly.py $(ARCHIVE) --by-hand
	@$(PY) benchmarks/bench_stations.py --stations 125 1000 2000 --years 1 1 6
	@$(PY) benchmarks/bench_explorer.py
	@$(PY) benchmarks/bench_build.py
	@$(PY) benchmarks/table.py
	@$(PY) tools/docs.py

lock: $(READY)
	@$(PY) tools/lock.py

clean:
	@rm -rf report scratch build *.egg-info .pytest_cache .ruff_cache .hypothesis
	@find . -path ./.venv -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf

$(READY): requirements.lock.txt pyproject.toml
	@test -n "$(PYTHON)" || \
		{ echo "Python 3.11 or later not found; install it, or say make PYTHON=/path/to/python"; exit 1; }
	@if [ ! -e "$@" ] && ls .venv/.ready-* >/dev/null 2>&1 || ! $(PY) -c '' 2>/dev/null; then \
		rm -rf .venv; fi
	@tools/install.sh "$(PYTHON)" requirements.lock.txt
	@touch "$@"

$(TESTS): $(READY) requirements-test.lock.txt
	@tools/install.sh "$(PYTHON)" requirements.lock.txt requirements-test.lock.txt
	@touch "$@"

.venv/.bench-$(HERE): $(TESTS)
	@tools/install.sh "$(PYTHON)" --extra bench
	@touch "$@"
