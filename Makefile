# Straightedge: `make figures` and `make test` need Python >= 3.11 and make, nothing else.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PIP = $(RUN) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
QUICK := (unit or exact) and not (wide or sampled or study or endtoend)
# Checking shapes and types at every call doubles the time of a test: in `make test` the quick ones do it for all.
TYPED := --jaxtyping-packages=straightedge,beartype.beartype
STUDIES := $(patsubst experiments/%.py,%,$(shell grep -l '^STUDY = ' experiments/*.py))

.DEFAULT_GOAL := help
.PHONY: help figures test quick coverage lint rerun smoke bench audit page docs report check new claims clean $(STUDIES)

help: ## lists every target
	@grep -hE '^[a-z$$()A-Z]+:.*## ' $(MAKEFILE_LIST) | sed 's/\$$(STUDIES)/STUDY/' | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'
	@echo "  STUDY is one of: $(STUDIES)"

figures: $(VENV)/ready ## draws every published figure in results/, measuring only what is not current
	@$(RUN) -m straightedge figures

$(STUDIES): $(VENV)/ready ## draws one study's figure
	@$(RUN) -m straightedge $@

test: $(VENV)/ready ## runs all tests; in the quick ones the types and shapes of every call are checked
	@$(RUN) -m pytest -m "$(QUICK)" $(TYPED)
	@$(RUN) -m pytest -m "not ($(QUICK))"

quick: $(VENV)/ready ## runs the tests that take a minute: no sampling, no study, no other process, no wide grid
	@$(RUN) -m pytest -m "$(QUICK)"

coverage: $(VENV)/ready ## runs all tests and says which lines none of them reaches
	@$(RUN) -m pytest --cov --cov-report=term-missing:skip-covered

lint: $(VENV)/ready ## checks the style and the types of the code
	@$(RUN) -m ruff check .
	@rm -rf .types && mkdir -p .types/straightedge && ln -sfn $(CURDIR)/straightedge/*.py .types/straightedge/ && \
	  ln -sfn $(CURDIR)/estimators $(CURDIR)/analysis $(CURDIR)/experiments .types/straightedge/
	@MYPYPATH=.types $(RUN) -m mypy --package straightedge

rerun: $(VENV)/ready ## measures everything anew, prints every number that moved by more than three standard errors
	@$(RUN) -m straightedge rerun

smoke: $(VENV)/ready ## runs every study in a configuration of seconds, into results/smoke/
	@$(RUN) -m straightedge smoke

bench: $(VENV)/bench ## measures speed beside the peers, in one process, into results/bench/
	@$(RUN) -m straightedge bench

audit: $(VENV)/audit ## holds other libraries' estimators against exact enumeration, into results/audit/
	@$(RUN) -m straightedge audit

page: $(VENV)/ready ## writes the pages of docs/ that are made from tables, and the drawings that are made from code
	@$(RUN) -m straightedge page

docs: $(VENV)/ready ## builds the documentation, site/index.html, for a browser; a warning is an error
	@NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build --strict
	@echo "site/index.html: the documentation; \`$(RUN) -m http.server --directory site\` serves it, and its search works"

report: $(VENV)/ready ## writes results/report/index.html, one page of all results for a browser
	@$(RUN) -m straightedge report

check: $(VENV)/ready ## NAME=my_estimator: checks that an estimator keeps its promises
	@$(RUN) -m straightedge check $(NAME)

new: $(VENV)/ready ## NAME=my_estimator: writes a commented estimator that passes the checks
	@$(RUN) -m straightedge new $(NAME)

claims: $(VENV)/ready ## prints what the papers state and what the computation says, into results/claims/
	@$(RUN) -m straightedge claims

clean: ## removes the environment and the stored cells, keeps tables and figures
	@rm -rf $(VENV) results/*/cells results/*/partial results/smoke results/custom results/measured results/report site build .types *.egg-info .pytest_cache .ruff_cache .mypy_cache .coverage
	@echo "removed $(VENV), stored cells and caches"

# The environment is made anew when pyproject.toml or the pins in constraints.txt change.  torch comes first, so that nothing asks for another build of it.
$(VENV)/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "straightedge: $(PYTHON) is too old; expected Python 3.11 or later, as in make PYTHON=python3.12 figures" >&2; exit 2; }
	@echo "making the environment $(VENV): about 1 GB, a minute or two ..."
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(PIP) "$$(grep '^torch==' constraints.txt)"
	@$(PIP) --editable ".[test]"
	@touch $@

$(VENV)/bench $(VENV)/audit: $(VENV)/ready
	@echo "adding the peers: the optional extra $(@F) ..."
	@$(PIP) --editable ".[$(@F)]"
	@touch $@
