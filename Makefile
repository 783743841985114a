# make report and make test are all that a fresh machine with Python 3.11 needs.
# Both make .venv first, from requirements.lock.txt, when it is missing or out of date.

.DEFAULT_GOAL := help
.PHONY: help report test lab data spark bench readme lock clean

PY := .venv/bin/python
# the folder is in the name: an environment that was copied or moved is made anew
READY := .venv/.ready-$(shell printf '%s' "$(CURDIR)" | cksum | cut -d' ' -f1)
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && \
	echo "$$p" && break; done)

# libraries are compiled once, when they are installed, not at every start
unexport PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME VIRTUAL_ENV
export UV_COMPILE_BYTECODE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help:
	@echo "make report   运行笔记本，输出图件与报告    run the notebooks, write figures and report"
	@echo "make test     测试                          tests, every notebook among them"
	@echo "make lab      打开 JupyterLab               open JupyterLab"
	@echo "make data ARCHIVE=DIR   由逐时记录重算 data/air   rebuild data/air from hourly archives"
	@echo "make spark    安装 Spark 引擎（可选）       install the Spark engine (optional)"
	@echo "make bench    性能对比，写入 benchmarks/    measure, into benchmarks/results"
	@echo "make readme   更新 README 中生成的表格      fill the generated tables of the READMEs"
	@echo "make lock     重新锁定依赖版本（需要 uv）   compile requirements.lock.txt (needs uv)"
	@echo "make clean    删除可再生成的文件            remove what can be made again, but .venv"

report: $(READY)
	@$(PY) -m xc_analysis build

test: $(READY)
	@$(PY) -m pytest -q

lab: $(READY)
	@$(PY) -m jupyterlab xc_analysis/explorer/explorer_page/explorer.ipynb

data: $(READY)
	@test -n "$(ARCHIVE)" || { echo "say which folder: make data ARCHIVE=DIR"; exit 1; }
	@$(PY) -m xc_analysis hourly "$(ARCHIVE)" --stations 官园,万寿西宫 --name 西城区 --out data/air
	@$(PY) -m xc_analysis.records.experiments "$(ARCHIVE)" --name 西城区 --out data/air
	@$(PY) -m xc_analysis.records.station_table "$(ARCHIVE)"

# half a gigabyte that only xc stations --engine spark wants; needs Java 17
spark: $(READY)
	@if command -v uv >/dev/null 2>&1; then \
		uv pip install -q -p $(PY) -c requirements.lock.txt -e '.[spark]'; \
	else $(PY) -m pip install -qq -c requirements.lock.txt -e '.[spark]'; fi

bench: .venv/.bench
	@for script in benchmarks/bench_*.py; do echo "$$script"; $(PY) "$$script" || exit 1; done
	@$(PY) benchmarks/table.py
	@$(PY) -m xc_analysis.readme

readme: $(READY)
	@$(PY) -m xc_analysis.readme

lock:
	@uv pip compile -q --no-header --no-annotate --extra dev --python-version 3.11 \
		pyproject.toml -o requirements.lock.txt

clean:
	@rm -rf report build *.egg-info .pytest_cache .ruff_cache .hypothesis
	@find . -path ./.venv -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf

# .incomplete stands while an installation runs: one that was interrupted starts anew
$(READY): requirements.lock.txt pyproject.toml
	@test -n "$(PYTHON)" || \
		{ echo "Python 3.11 or later not found; install it, or say make PYTHON=/path/to/python"; exit 1; }
	@if [ -e .venv/.incomplete ] || ! $(PY) -c '' 2>/dev/null || \
		{ [ ! -e "$@" ] && ls .venv/.ready-* >/dev/null 2>&1; }; then rm -rf .venv; fi
	@mkdir -p .venv && touch .venv/.incomplete
	@if command -v uv >/dev/null 2>&1; then \
		echo "preparing .venv with uv, half a minute or so · 正在用 uv 准备 .venv，约半分钟"; \
		{ [ -x $(PY) ] || uv venv -q --allow-existing --no-python-downloads -p "$(PYTHON)" .venv; } && \
		uv pip install -q -p $(PY) -r requirements.lock.txt && \
		uv pip install -q -p $(PY) --no-deps -e .; \
	else \
		echo "preparing .venv with pip, one to three minutes · 正在用 pip 准备 .venv，约一至三分钟"; \
		{ $(PY) -m pip --version >/dev/null 2>&1 || "$(PYTHON)" -m venv .venv; } && \
		echo "  1/2 libraries · 依赖库" && $(PY) -m pip install -qq -r requirements.lock.txt && \
		echo "  2/2 this package · 本项目" && $(PY) -m pip install -qq --no-deps -e .; \
	fi
	@rm -f .venv/.incomplete && touch "$@" && echo ".venv is ready · 环境就绪"

# the peers must not move the versions that everything else is tested with
.venv/.bench: $(READY)
	@echo "adding what the benchmarks compare with · 安装用于对比的软件"
	@if command -v uv >/dev/null 2>&1; then \
		uv pip install -q -p $(PY) -c requirements.lock.txt -e '.[bench]'; \
	else $(PY) -m pip install -qq -c requirements.lock.txt -e '.[bench]'; fi
	@touch "$@"
