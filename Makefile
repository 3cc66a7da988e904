# Two commands for a new machine: `make main` and `make test`; `make test-all` also runs
# the slow tests, which kill steps, run whole pipelines and fill disks.
# Parameters: make main P="dataset=mnist-5k seeds=3"

PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV := $(shell command -v uv)
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# MLflow would announce every command it runs; errors still show.
export MLFLOW_LOGGING_LEVEL ?= WARNING

.PHONY: main test test-all lint ui bench

main: .venv/main
	@python -m lab.runs.store
	mlflow run . -e main --env-manager local $(addprefix -P ,$(P))

# A process per core, up to eight: each loads TensorFlow.
PYTEST = python -m pytest -n auto --maxprocesses 8 --dist loadgroup
test: .venv/dev
	$(PYTEST) -m "not slow"

test-all: .venv/dev
	$(PYTEST)

lint: .venv/dev
	ruff check .
	ruff format --check .
	mypy
	lint-imports --no-logo --no-cache

ui: .venv/main
	mlflow ui

# Benchmarks have an environment of their own, for torch and jax are large.
DATASET ?= mnist
OUT ?= runs/benchmarks
bench: benchmarks/.venv/done
	PATH="$(CURDIR)/benchmarks/.venv/bin:$(PATH)" && \
	  python -m benchmarks.training --dataset "$(DATASET)" --out "$(OUT)/training" && \
	  python -m benchmarks.pipeline --dataset "$(DATASET)" --out "$(OUT)/pipeline"

.venv/main: requirements.txt
	$(call install,requirements.txt)

.venv/dev: requirements.txt requirements-dev.txt
	$(call install,requirements-dev.txt)
	touch .venv/main

benchmarks/.venv/done: requirements.txt benchmarks/requirements.txt
	"$(PYTHON)" -m venv benchmarks/.venv
	benchmarks/.venv/bin/pip install --quiet --disable-pip-version-check \
	  -r benchmarks/requirements.txt
	touch $@

# Bytecode is compiled now: else each of a run's processes compiles TensorFlow again
# where Python may not write it, which costs more time than the training.
define install
	@"$(PYTHON)" -c 'import sys; v = sys.version_info; \
	  sys.exit(v[:2] != (3, 11) and "Python 3.11 is needed, got %d.%d; give its path with make PYTHON=..." % v[:2])'
	test -x .venv/bin/python || $(if $(UV),uv venv --quiet --python "$(PYTHON)" .venv,"$(PYTHON)" -m venv .venv)
	$(if $(UV),uv pip install --quiet --compile-bytecode --python .venv/bin/python,.venv/bin/python -m pip install --quiet --disable-pip-version-check) -r $(1)
	touch $@
endef
