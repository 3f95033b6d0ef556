# Everything a person does with assay from a checkout. `make help` lists the targets.

PYTHON ?= python3
PROJECT ?= .
BASE ?=
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Made by hand or by CI: extra arguments for assay, such as ARGS="--all -- tests/unit".
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help impact gate map weaknesses diagnose verify integration test traps operators weaknesspage causepage lint clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "make: assay needs Python 3.11 or later; name one with PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $(READY)

impact: $(READY) ## tests a change affects and whether they guard it [PROJECT=../other BASE=main]
	@$(BIN)/assay impact --project '$(PROJECT)' $(if $(BASE),--base '$(BASE)') --reports reports $(ARGS)

gate: $(READY) ## refuse a change that the tests do not guard [PROJECT=../other BASE=main]
	@$(BIN)/assay gate --project '$(PROJECT)' $(if $(BASE),--base '$(BASE)') --reports reports $(ARGS)

map: $(READY) ## record the impact map, or bring it up to date [PROJECT=../other]
	@$(BIN)/assay map --project '$(PROJECT)' $(ARGS)

weaknesses: $(READY) ## tests that look as if they guarded something, and do not [PROJECT=../other]
	@$(BIN)/assay weaknesses --project '$(PROJECT)' --reports reports $(ARGS)

diagnose: $(READY) ## why tests fail after a change, and what to mend first [PROJECT=../other BASE=main]
	@$(BIN)/assay diagnose --project '$(PROJECT)' $(if $(BASE),--base '$(BASE)') $(ARGS)

verify: $(READY) ## whether what was diagnosed is mended, and nothing else broke [PROJECT=../other]
	@$(BIN)/assay verify --project '$(PROJECT)' $(ARGS)

integration: $(READY) ## where modules meet, and which seams only mocks exercise [PROJECT=../other]
	@$(BIN)/assay integration --project '$(PROJECT)' $(ARGS)

test: $(READY) ## run all tests
	@$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

traps: $(READY) ## spring all traps for the selection, variants too, and check what plain pytest says
	@ASSAY_ALL_TRAPS=1 ASSAY_COLD_STARTS=1 $(BIN)/python -m pytest -n auto --dist loadfile tests/e2e/test_traps_*_of_4.py $(ARGS)

operators: $(READY) ## write docs/operators.md from the table of operators
	@$(BIN)/python -c 'from pathlib import Path; from assay.mutation.document import operators_page; \
		Path("docs/operators.md").write_text(operators_page(), encoding="utf-8")'

weaknesspage: $(READY) ## write docs/weaknesses.md from the detectors
	@$(BIN)/python -c 'from pathlib import Path; from assay.weakness.document import weaknesses_page; \
		Path("docs/weaknesses.md").write_text(weaknesses_page(), encoding="utf-8")'

causepage: $(READY) ## write docs/causes.md from the root causes
	@$(BIN)/python -c 'from pathlib import Path; from assay.diagnosis.document import causes_page; \
		Path("docs/causes.md").write_text(causes_page(), encoding="utf-8")'

lint: $(READY) ## check types and style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean: ## remove the virtual environment, caches and recorded state
	rm -rf $(VENV) .assay .mypy_cache .ruff_cache .pytest_cache build dist toolkit/*.egg-info
	find toolkit tests -name __pycache__ -type d -prune -exec rm -rf {} +
