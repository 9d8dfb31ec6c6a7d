# `make` lists what there is to do. ARGS passes options on: make train ARGS="--epochs 3"
PYTHON ?= python3
ENVIRONMENTS := .local/environments
LINT := $(ENVIRONMENTS)/lint/bin
TRAINER_TEST := $(ENVIRONMENTS)/trainer-test/bin/python
API_TEST := $(ENVIRONMENTS)/api-test/bin/python
ENGINE := docker compose version >/dev/null 2>&1 && docker info >/dev/null 2>&1
COMPOSED := test -n "$$(docker compose ps --quiet mlflow-server 2>/dev/null)"
DATA = $${DATA_DIR:+--volume "$$(realpath "$$DATA_DIR"):/data/$$(basename "$$DATA_DIR"):ro"} \
	$${DATA_DIR:+--env "DATA_DIR=/data/$$(basename "$$DATA_DIR")"}
TRAINER = trainer() { if $(COMPOSED); then docker compose run --rm $(DATA) trainer "$$@"; \
	else $(PYTHON) -m local trainer "$$@"; fi; }; trainer

.PHONY: help up local down logs train search versions promote rollback resume-upload report \
	test test-trainer test-api test-page test-report test-mlflow-server test-local test-compose \
	bench bench-hostile bench-training fuzz lint format lock

help:
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 24

up: ## start everything and stay, in containers where an engine answers; Ctrl-C stops it
	@if $(ENGINE); then echo "A container engine answers: docker compose up"; \
		GIT_COMMIT=$$(git rev-parse HEAD 2>/dev/null || echo unknown) \
		exec docker compose up --build; \
	else echo "No container engine answers: local processes"; \
		exec $(PYTHON) -m local up -- $(ARGS); fi

local: ## the same, always as local processes
	@$(PYTHON) -m local up -- $(ARGS)

down: ## stop everything; nothing is lost
	@if $(COMPOSED); then docker compose down; else $(PYTHON) -m local down; fi

logs: ## follow what the services say
	@if $(COMPOSED); then docker compose logs --follow --tail=50; else tail -F .local/logs/*.log; fi

train: ## train, register, and promote if it is not worse
	@$(TRAINER) train $(ARGS)

search: ## search for better settings, then train and promote the best: make search ARGS="--trials 20"
	@$(TRAINER) search $(ARGS)

versions: ## list the versions, and which one is promoted
	@$(TRAINER) versions

promote: ## promote a version by hand: make promote VERSION=2
	@$(TRAINER) promote $(VERSION)

rollback: ## move the alias back to the version before
	@$(TRAINER) rollback

resume-upload: ## send trainings that are not on the tracking server
	@$(TRAINER) resume-upload $(ARGS)

test: test-trainer test-api test-page test-report test-mlflow-server test-local ## all that needs no container engine

test-trainer:
	@$(PYTHON) -m local environment mlflow-server trainer-test
	PYTHONPATH=trainer $(TRAINER_TEST) -m pytest tests/trainer

test-api:
	@$(PYTHON) -m local environment mlflow-server api-test
	PYTHONPATH=api $(API_TEST) -m pytest tests/api

test-page: # in Chromium, where it is installed
	@$(PYTHON) -m local environment api-test
	PYTHONPATH=api $(API_TEST) -m pytest tests/page

test-report:
	@$(PYTHON) -m local environment mlflow-server trainer-test
	PYTHONPATH=trainer $(TRAINER_TEST) -m pytest tests/report

test-mlflow-server: # what is open of the tracking server, to whom, and its pages in Chromium
	@$(PYTHON) -m local environment mlflow-server api-test
	$(API_TEST) -m pytest tests/mlflow_server

test-local: # `make local`, and the black-box tests of tests/stack against it
	@$(PYTHON) -m local environment mlflow-server trainer api trainer-test
	$(TRAINER_TEST) -m pytest tests/local

test-compose: ## the composed stack, built and run; needs a container engine that answers
	@{ $(ENGINE); } || { echo "No container engine answers: start Docker, with Compose, and try again." >&2; exit 1; }
	@$(PYTHON) -m local environment trainer-test
	$(TRAINER_TEST) -m pytest tests/compose

report: ## the lab report of the promoted version; LANG=fr make report in French
	@$(PYTHON) -m local environment trainer
	PYTHONPATH=trainer $(ENVIRONMENTS)/trainer/bin/python -m report.collect
	$(PYTHON) -m report.build

bench: ## compare the API with its peers: make bench ARGS="--rounds 1 --seconds 1"
	@$(PYTHON) -m bench $(ARGS)

bench-training: ## compare the trainer with plain Keras: make bench-training ARGS="--train default"
	@$(PYTHON) -m local environment trainer
	PYTHONPATH=trainer $(ENVIRONMENTS)/trainer/bin/python -m bench.training $(ARGS)

bench-hostile: ## measure the API under hostile clients
	@$(PYTHON) -m local environment api
	$(PYTHON) -m bench.hostile $(ARGS)

fuzz: ## send 100,000 mutated requests in all formats to the API
	@$(PYTHON) -m local environment api-test
	PYTHONPATH=api $(API_TEST) tests/fuzz $(ARGS)

lint: ## ruff, import-linter, mypy and shellcheck
	@$(PYTHON) -m local environment lint trainer-test api-test
	$(LINT)/ruff format --check .
	$(LINT)/ruff check .
	PYTHONPATH=api:trainer $(LINT)/lint-imports
	$(LINT)/mypy local mlflow-server
	$(LINT)/mypy --python-executable $(TRAINER_TEST) trainer/mnist_trainer
	$(LINT)/mypy --python-executable $(API_TEST) api/mnist_api
	MYPYPATH=trainer $(LINT)/mypy --python-executable $(TRAINER_TEST) report bench/training.py
	$(LINT)/mypy --python-executable $(API_TEST) --explicit-package-bases --exclude 'bench/(peers|training)' bench
	git ls-files '*.sh' .ci/run | xargs $(LINT)/shellcheck

format: ## let ruff lay out the code
	@$(PYTHON) -m local environment lint
	$(LINT)/ruff format .
	$(LINT)/ruff check --fix .

lock: ## renew the locked, hashed requirements
	@$(PYTHON) -m local lock
