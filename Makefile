# Two commands for a new machine: `make main` and `make test`; `make test-all` also runs
# the slow tests, which kill steps, run whole pipelines and fill disks.
# Parameters: make main P="dataset=mnist-5k seeds=3", and make ablate likewise.

# The first Python that fits. Each is started, for a name may stand for nothing that runs.
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3 python; do \
  "$$python" -c "$(FITS)" 2>/dev/null && echo "$$python" && break; done)
UV := $(shell command -v uv)
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# MLflow would announce every command it runs; errors still show.
export MLFLOW_LOGGING_LEVEL ?= WARNING

.PHONY: main ablate test test-all lint ui wheels bench

main: .venv/main
	$(call pipeline,main)

ablate: .venv/main
	$(call pipeline,ablate)

define pipeline
	@python -m lab.runs.store
	mlflow run . -e $(1) --env-manager local $(addprefix -P ,$(P))
endef

# A process per core, up to eight, for each loads TensorFlow. The tests of a file stay
# together: they share what is slow to make.
PYTEST = python -m pytest -n auto --maxprocesses 8 --dist loadfile
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

# Every version that is pinned has a wheel for each Python and system named here, and so
# has everything that these need in turn. Needs uv; nothing is installed.
wheels:
	@for python in 3.11 3.12 3.13; do \
	  for system in x86_64-manylinux_2_28 aarch64-manylinux_2_28 aarch64-apple-darwin; do \
	    uv pip compile --quiet --only-binary :all: --python-version $$python \
	      --python-platform $$system requirements-dev.txt >/dev/null || exit 1; \
	    echo "Python $$python, $$system: a wheel for every requirement"; \
	  done; \
	done

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
	@"$(PYTHON)" -c "$(FITS)" 2>/dev/null || { \
	  found=$$("$(PYTHON)" --version 2>&1) || found=none; \
	  echo "Python 3.11, 3.12 or 3.13 is needed, found: $$found;" \
	    "give the path of one with make PYTHON=..." >&2; exit 1; }
	test -x .venv/bin/python || $(if $(UV),uv venv --quiet --python "$(PYTHON)" .venv,"$(PYTHON)" -m venv .venv)
	$(if $(UV),uv pip install --quiet --compile-bytecode --python .venv/bin/python,.venv/bin/python -m pip install --quiet --disable-pip-version-check) -r $(1)
	touch $@
endef
