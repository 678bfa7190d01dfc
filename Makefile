# make demo    a portal with two demo patients, from a fresh clone, until Ctrl-C
# make test    everything that must hold: lint, types, migrations, security, tests on SQLite and on MariaDB
# make prove   the longer proofs: killed processes, memory, real recordings
# make bench   speed, as ratios against peers in the same run

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
MANAGE := $(BIN)/python manage.py

.DEFAULT_GOAL := help
.PHONY: help demo test prove bench lint types checks clean

help:
	@sed -n 's/^# make/make/p' Makefile

demo: $(VENV)/core
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) demo

test: $(VENV)/dev
	@tests/system.sh
	@$(MAKE) --no-print-directory lint types checks
	$(BIN)/python -m tests.servers ministack dynalite
	$(BIN)/pytest -n 2 -m "not prove and not browser" --durations 10
	ECOG_TEST_DATABASE=mariadb $(BIN)/pytest -n 2 -m "database and not prove and not browser" --durations 10
	$(BIN)/pytest -m "browser and not prove" --durations 10

prove: $(VENV)/dev
	@tests/system.sh
	$(BIN)/pytest -m prove --durations 10

bench: $(VENV)/bench
	$(BIN)/python -m benchmarks.ingest
	$(BIN)/python -m benchmarks.slow_downloads
	$(BIN)/python -m benchmarks.admin
	$(BIN)/python -m benchmarks.alignment
	$(BIN)/python -m benchmarks.transfer

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy .

checks:
	ECOG_DATA_DIR=$$(mktemp -d) $(MANAGE) makemigrations --check --dry-run
	ECOG_DATA_DIR=$$(mktemp -d) ECOG_URL=https://ecog.example.org $(MANAGE) check --deploy --fail-level WARNING

clean:
	rm -rf $(VENV) .venv-ministack .dynalite .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/made:
	@tests/python.sh $(PYTHON)
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/core: $(VENV)/made requirements-core.txt constraints.txt
	@echo "Installing what the portal runs on (once) …"
	@$(PIP) --only-binary :all: -r requirements-core.txt
	@touch $@

$(VENV)/dev: $(VENV)/core requirements.txt requirements-spark.txt requirements-dev.txt
	@tests/system.sh
	@echo "Installing what the tests need (once) …"
	@$(PIP) -r requirements-dev.txt
	@touch $@

$(VENV)/bench: $(VENV)/dev requirements-bench.txt
	@echo "Installing what the benchmarks need (once) …"
	@$(PIP) -r requirements-bench.txt
	@touch $@
