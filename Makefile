# Everything runs in .venv, which the first call sets up from requirements.lock.
SHELL := bash
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Bytecode is kept, or each of the hundreds of processes of a test run compiles the code anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: repro test test-slow lint lock check-lock dag

# Another processor rounds otherwise; the last line says so if git sees other results than those that were committed.
repro: .venv/ready
	lesions check
	dvc repro
	@changed=$$(git status --porcelain --untracked-files=no -- dvc.lock metrics plots 2>/dev/null | wc -l); \
		[ $$changed -eq 0 ] || echo "$$changed tracked files in dvc.lock, metrics/ and plots/ differ from the last commit:" \
		"if neither code, parameters nor data were changed, \`lesions reproduce\` explains by how much and where it begins"

# Two processes, each with one thread, take the files in the order of tests/conftest.py.
test: .venv/ready
	OMP_NUM_THREADS=1 pytest -m "not slow" --numprocesses 2 --dist loadfile --no-loadscope-reorder

test-slow: .venv/ready
	pytest -m slow

lint: .venv/ready
	ruff check .
	ruff format --check .
	mypy

# pip installs only uv, with its hash from the lock; uv then installs everything else, with its hashes.
.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "lesions needs Python 3.11 or later: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv .venv
	awk '/^uv==/ {found = 1} found {print} found && !/\\$$/ {exit}' requirements.lock > .venv/uv-by-hash.txt
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv-by-hash.txt
	uv pip sync --quiet --compile-bytecode --python .venv/bin/python --require-hashes requirements.lock
	uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
	touch .venv/ready

# Fails if dvc.lock was made from other code or parameters; needs no data.
check-lock: .venv/ready
	set -o pipefail; dvc repro --dry --allow-missing | tee /dev/stderr | grep "pipelines are up to date" > /dev/null \
		|| { echo "dvc.lock was made from other code or parameters: run 'dvc repro', and commit what it changes"; exit 1; }

# Run after a change of the dependencies in pyproject.toml. One version serves as many Pythons as possible.
lock: .venv/ready
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --all-extras \
		--python-version 3.11 --fork-strategy fewest --upgrade pyproject.toml --output-file requirements.lock

# Run after a change of dvc.yaml: redraws the pipeline in stages/README.md.
dag: .venv/ready
	python docs/draw_dag.py stages/README.md
