# `make` lists what there is to do; ARGS passes options on: make train ARGS="--epochs 3"
PYTHON ?= python3
ENVIRONMENTS := .local/environments
LINT := $(ENVIRONMENTS)/lint/bin

.PHONY: help up local train versions promote rollback test test-trainer test-api test-local bench lint format lock

help:
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 24

up: local ## start everything and stay; Ctrl-C stops it

local: ## the same, always as local processes
	@$(PYTHON) -m local up -- $(ARGS)

train: ## train, register, and promote if it is not worse
	@$(PYTHON) -m local trainer train $(ARGS)

versions: ## list what is registered, and what serves
	@$(PYTHON) -m local trainer versions $(ARGS)

promote: ## put a version in service: make promote VERSION=2
	@$(PYTHON) -m local trainer promote $(VERSION)

rollback: ## put the version before back in service
	@$(PYTHON) -m local trainer rollback

test: test-trainer test-api test-local ## every test that needs no container engine

test-trainer:
	@$(PYTHON) -m local environment mlflow-server trainer-test
	PYTHONPATH=trainer $(ENVIRONMENTS)/trainer-test/bin/python -m pytest tests/trainer

test-api:
	@$(PYTHON) -m local environment mlflow-server api-test
	PYTHONPATH=api $(ENVIRONMENTS)/api-test/bin/python -m pytest tests/api

test-local: # starts the local stack, and runs the black-box tests of tests/stack against it
	@$(PYTHON) -m local environment mlflow-server trainer api trainer-test
	$(ENVIRONMENTS)/trainer-test/bin/python -m pytest tests/local

lint: ## ruff, mypy and shellcheck
	@$(PYTHON) -m local environment lint trainer-test api-test
	$(LINT)/ruff format --check .
	$(LINT)/ruff check .
	$(LINT)/mypy local mlflow-server
	$(LINT)/mypy --python-executable $(ENVIRONMENTS)/trainer-test/bin/python trainer/mnist_trainer
	$(LINT)/mypy --python-executable $(ENVIRONMENTS)/api-test/bin/python api/mnist_api
	git ls-files '*.sh' .ci/run | xargs $(LINT)/shellcheck

format: ## let ruff lay out the code
	@$(PYTHON) -m local environment lint
	$(LINT)/ruff format .
	$(LINT)/ruff check --fix .

lock: ## renew the locked, hashed requirements
	@$(PYTHON) -m local lock
