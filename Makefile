# What people and CI run. Each target sets up what it needs in .venv (and tests/interop/node_modules).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# What `make up` brings up, and how: RUNTIME is compose (containers), native (Fabric's own programs, found
# through FABRIC_BIN or PATH) or embedded (the development ledger).
TOPOLOGY ?= quickstart
RUNTIME ?= compose
NETWORK ?= $(basename $(notdir $(TOPOLOGY)))
PYFABRIC := $(BIN)/pyfabric

.PHONY: help setup wheel up down status logs clean image render demo demo-city test check lint surfaces pages docs types layers pytest thorough mutants fuzz faults pythons lowest audit sbom smoke bench requirements distclean

help:  ## print this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

setup: $(VENV)/.ready  ## create a virtual environment in .venv with everything that development needs

$(VENV)/.ready: requirements-dev.txt pyproject.toml
	@echo "installing what is needed into $(VENV), once: this takes a minute or more …"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

wheel: setup  ## build the wheel in dist/, to be installed on other machines
	$(BIN)/python -m build --wheel --no-isolation --outdir dist .

# Without a Docker engine or without Compose nothing is built; the command then prints what to do.
up: setup  ## start a network with its contracts: TOPOLOGY=quickstart RUNTIME=compose|native|embedded
	@test $(RUNTIME)$(CONTRACT_IMAGE) != compose || ! docker version >/dev/null 2>&1 || ! docker compose version >/dev/null 2>&1 || $(MAKE) --no-print-directory image
	$(PYFABRIC) network up $(TOPOLOGY) --runtime $(RUNTIME)
	$(PYFABRIC) chaincode deploy --network $(NETWORK)

down: setup  ## stop what `make up` started; the data stays
	$(PYFABRIC) network down --network $(NETWORK)

status: setup  ## which nodes run, and their heights on their channels
	$(PYFABRIC) network status --network $(NETWORK)

logs: setup  ## follow the logs of the nodes
	$(PYFABRIC) network logs --network $(NETWORK) --follow

clean: setup  ## stop the network and delete its keys, blocks and ledgers; asks first
	$(PYFABRIC) network down --network $(NETWORK) --delete --if-exists

image:  ## build the image of contract hosts for Docker Compose: PYTHON_IMAGE=base image PIP_INDEX_URL=package index
	docker build --quiet --tag pyfabric-contracts --file chaincode/Dockerfile \
	  $(foreach name,PYTHON_IMAGE PIP_INDEX_URL,$(if $($(name)),--build-arg $(name)=$($(name)))) .

render: setup  ## write the Compose project of the city to network/compose
	$(PYFABRIC) network render city --to network/compose

demo: setup  ## the main use: three departments publish, request, grant and refuse data on a network of their own
	$(BIN)/python tools/demo.py

demo-city: setup  ## scenarios on the whole city: a table, a report in demo-city.html, and a search of all blocks for personal data
	$(BIN)/python tools/demo_city.py

test: check pytest smoke  ## run everything: lint, types, layers, all tests with coverage, the built wheel

check: lint types layers docs

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/python tools/check_words.py
	$(BIN)/python tools/make_surfaces.py --check
	$(BIN)/python tools/make_contract_pages.py --check

pages: setup  ## make the pages of the city's contracts, in docs/contracts, from their declarations
	$(BIN)/python tools/make_contract_pages.py

surfaces: setup  ## make pyfabric/gateway from pyfabric/aio
	$(BIN)/python tools/make_surfaces.py

typings/.ready: tools/make_typings.py $(VENV)/.ready
	$(BIN)/python tools/make_typings.py
	touch $@

types: setup typings/.ready
	$(BIN)/mypy

layers: setup
	$(BIN)/lint-imports

docs: setup  ## the pages and the reference as one site, in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

tests/interop/node_modules/.ready: tests/interop/package.json
	cd tests/interop && npm install --no-package-lock --no-audit --no-fund --loglevel=error
	touch $@

# A process more than there are cores, since tests wait too, takes one file of tests after the other: the long ones first.
# Coverage counts what runs in these processes; what only a PKCS#11 token runs is apart, for SoftHSM may be missing. The
# last two runs use Fabric's own programs, where they exist (FABRIC_BIN or PATH).
WORKERS ?= $(shell echo $$(($$(nproc) + 1)))
pytest: setup tests/interop/node_modules/.ready
	$(BIN)/coverage erase
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder -p tests.support.measured \
	  tests/system tests/docs tests/cli tests/examples tests/interop tests/conformance tests/contract tests/unit tests/behaviour
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered --fail-under=100 --omit='pyfabric/identity/pkcs11_[st]*' \
	  --include='pyfabric/errors.py,pyfabric/messages/*,pyfabric/rules/*,pyfabric/ca/*,pyfabric/client/*,pyfabric/identity/*,pyfabric/sharing/*,pyfabric/admin/config/*'
	$(BIN)/coverage report --skip-covered --fail-under=95
	$(BIN)/python -m pytest tests/conformance tests/behaviour --runtime native
	$(BIN)/python -m pytest tests/conformance --runtime native --client-auth

thorough: setup  ## the tests that take long, and all examples of those of which `make test` has a part
	PYFABRIC_THOROUGH=1 $(BIN)/python -m pytest --numprocesses $(WORKERS) --maxprocesses 4 --dist loadfile \
	  $$(grep --recursive --files-with-matches 'support.extent import' tests)

# Needs Fabric's own programs (FABRIC_BIN or PATH). A seed repeats which faults there are.
SECONDS ?= 600
SEED ?= $(shell date +%j%H%M)
faults: setup  ## orderers that hang for 110 s, then random faults under load, Raft and BFT, each for SECONDS=600: SEED=number
	$(BIN)/python -m pytest -q tests/faults
	$(BIN)/python tools/faults.py raft --seconds $(SECONDS) --seed $(SEED)
	$(BIN)/python tools/faults.py bft --seconds $(SECONDS) --seed $(SEED)

mutants: setup  ## switch off each rule of the city's contracts in turn: a test must notice each
	$(BIN)/python tools/mutants.py

fuzz: setup  ## corrupted messages and random histories, until stopped
	$(BIN)/python tools/fuzz.py

pythons: tests/interop/node_modules/.ready  ## the tests on each supported Python version that is installed
	$(PYTHON) tools/pythons.py

lowest:  ## a part of the tests on the lowest versions of the dependencies
	$(PYTHON) tools/lowest.py

audit:  ## known vulnerabilities of the locked versions, where pip-audit's database answers
	$(PYTHON) tools/supply_chain.py audit

sbom: setup  ## the bill of materials (CycloneDX) of the locked environment, in dist
	$(BIN)/python tools/supply_chain.py sbom

smoke: setup
	$(BIN)/python tools/smoke_wheel.py

bench: setup tests/interop/node_modules/.ready  ## measure speed beside the bare protocol and the Node runtime, as tables and as JSON
	$(BIN)/python tools/bench_imports.py
	$(BIN)/python tools/bench.py
	$(BIN)/python tools/bench_contracts.py
	$(BIN)/python tools/bench_proofs.py

COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --pre

requirements: setup  ## compile the locked requirements of development, releases and the contract hosts' image
	$(BIN)/python -m pip install --quiet pip-tools
	$(COMPILE) --extra network,command,hsm,xlsx,dev --output-file requirements-dev.txt pyproject.toml
	$(COMPILE) --output-file requirements-release.txt requirements-release.in
	$(COMPILE) --constraint requirements-dev.txt --extra network --output-file chaincode/requirements.txt pyproject.toml
	$(COMPILE) --constraint requirements-dev.txt --only-build-deps --build-deps-for wheel \
	  --output-file chaincode/requirements-build.txt pyproject.toml

distclean:  ## delete what setup and the tests created
	rm -rf $(VENV) typings site build dist .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis tests/interop/node_modules
