# Straightedge: `make figures` and `make test` need Python >= 3.11 and make, nothing else.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
STUDIES := $(patsubst experiments/%.py,%,$(shell grep -l '^STUDY = ' experiments/*.py))

.DEFAULT_GOAL := help
.PHONY: help figures test lint rerun smoke bench audit page check new claims clean $(STUDIES)

help: ## lists every target
	@grep -hE '^[a-z$$()A-Z]+:.*## ' $(MAKEFILE_LIST) | sed 's/\$$(STUDIES)/STUDY/' | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'
	@echo "  STUDY is one of: $(STUDIES)"

figures: $(VENV)/ready ## draws every published figure in results/, measuring only what is not current
	@$(RUN) -m straightedge figures

$(STUDIES): $(VENV)/ready ## draws one study's figure
	@$(RUN) -m straightedge $@

test: $(VENV)/ready ## runs all tests
	@$(RUN) -m pytest

lint: $(VENV)/ready ## checks the style of the code
	@$(RUN) -m ruff check .

rerun: $(VENV)/ready ## measures everything anew, prints every number that moved by more than three standard errors
	@$(RUN) -m straightedge rerun

smoke: $(VENV)/ready ## runs every study in a configuration of seconds, into results/smoke/
	@$(RUN) -m straightedge smoke

bench: $(VENV)/bench ## measures speed beside the peers, in one process, into results/bench/
	@$(RUN) -m straightedge bench

audit: $(VENV)/audit ## holds other libraries' estimators against exact enumeration, into results/audit/
	@$(RUN) -m straightedge audit

page: $(VENV)/ready ## writes docs/estimators.md, every estimator as declared and as measured
	@$(RUN) -m straightedge page

check: $(VENV)/ready ## NAME=my_estimator: checks that an estimator keeps its promises
	@$(RUN) -m straightedge check $(NAME)

new: $(VENV)/ready ## NAME=my_estimator: writes a commented estimator that passes the checks
	@$(RUN) -m straightedge new $(NAME)

claims: $(VENV)/ready ## prints what the papers state and what the computation says, into results/claims/
	@$(RUN) -m straightedge claims

clean: ## removes the environment and the stored cells, keeps tables and figures
	@rm -rf $(VENV) results/*/cells results/smoke results/custom *.egg-info .pytest_cache .ruff_cache
	@echo "removed $(VENV), stored cells and caches"

# The environment is made anew when pyproject.toml changes.  torch comes first, so that nothing asks for another build of it.
$(VENV)/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "straightedge: $(PYTHON) is too old; expected Python 3.11 or later, as in make PYTHON=python3.12 figures" >&2; exit 2; }
	@echo "making the environment $(VENV): about 1 GB, a minute or two ..."
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check "$$(sed -n 's/^ *"\(torch==[0-9.]*\)",/\1/p' pyproject.toml)"
	@$(RUN) -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	@touch $@

$(VENV)/bench $(VENV)/audit: $(VENV)/ready
	@echo "adding the peers: the optional extra $(@F) ..."
	@$(RUN) -m pip install --quiet --disable-pip-version-check --editable ".[$(@F)]"
	@touch $@
