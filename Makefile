# `make` lists the targets. ARGS sets options of the command: make train ARGS="--epochs 3"
PYTHON ?= python3
ENVIRONMENTS := .local/environments
LINT := $(ENVIRONMENTS)/lint/bin
TRAINER_TEST := $(ENVIRONMENTS)/trainer-test/bin/python
API_TEST := $(ENVIRONMENTS)/api-test/bin/python
SCORE_TEST := $(ENVIRONMENTS)/score-test/bin/python
AUDIT := $(ENVIRONMENTS)/audit/bin/python
ENGINE := docker compose version >/dev/null 2>&1 && docker info >/dev/null 2>&1
COMPOSED := test -n "$$(docker compose ps --quiet mlflow-server 2>/dev/null)"
PROJECT = docker compose config 2>/dev/null | sed -n 's/^name: //p'
VOLUMES_OF = docker volume ls --quiet --filter label=com.docker.compose.project
DATA = $${DATA_DIR:+--volume "$$(realpath "$$DATA_DIR"):/data/$$(basename "$$DATA_DIR"):ro"} \
	$${DATA_DIR:+--env "DATA_DIR=/data/$$(basename "$$DATA_DIR")"}
# Users of containers read these: a clone made under umask 077 keeps them to its owner.
MOUNTED := compose/check-database.sh compose/proxy monitoring deploy/kubernetes/search-database
TRAINER = trainer() { if $(COMPOSED); then docker compose run --rm $(DATA) trainer "$$@"; \
	else $(PYTHON) -m local trainer "$$@"; fi; }; trainer

.DEFAULT_GOAL := help
include tests/suites.mk
.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*/\1/p' $(MAKEFILE_LIST))
readable:
	@chmod -R a+rX $(MOUNTED) 2>/dev/null || true

help:
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 24

up: readable ## start the stack, in containers if an engine responds; Ctrl-C stops it
	@if $(ENGINE); then echo "A container engine answers: docker compose up"; \
		project=$$($(PROJECT)); \
		if test -n "$$project" && test -z "$$($(VOLUMES_OF)="$$project")"; then \
			echo "The first start makes the images, which takes minutes, and trains a model."; \
			test -z "$$($(VOLUMES_OF)=mnist)" || echo "The project is called $$project and has no data." \
				"Volumes of a project mnist exist, the name in former versions: to start with their" \
				"data, stop this and put COMPOSE_PROJECT_NAME=mnist in .env."; \
		fi; \
		COMPOSE_BAKE=true GIT_COMMIT=$$(git rev-parse HEAD 2>/dev/null || echo unknown) \
		exec docker compose up --build; \
	else echo "No container engine answers: local processes"; \
		exec $(PYTHON) -m local up -- $(ARGS); fi

local: ## start the stack as local processes
	@$(PYTHON) -m local up -- $(ARGS)

down: ## stop the stack; its data is kept
	@if test -n "$$(docker compose ps --quiet 2>/dev/null)"; then docker compose down; else $(PYTHON) -m local down; fi

logs: ## follow the logs of the services
	@if $(COMPOSED); then docker compose logs --follow --tail=50; else tail -F .local/logs/*.log; fi

backup: ## write database and artifacts to a file, while the stack runs: make backup FILE=a.tar.gz
	@$(PYTHON) -m local backup $$($(COMPOSED) && echo --composed) "$(FILE)"

restore: readable ## restore such a file into an empty stack; REPLACE=1 replaces what it has
	@$(PYTHON) -m local restore $$({ $(ENGINE); } && echo --composed) $(if $(filter 1,$(REPLACE)),--replace) "$(FILE)"

train: ## train, register, and promote if it is not worse
	@$(TRAINER) train $(ARGS)

search: ## search for better settings, then train and promote the best: make search ARGS="--trials 20"
	@$(TRAINER) search $(ARGS)

versions: ## list the versions, and which one is promoted
	@$(TRAINER) versions

history: ## list which version was desired and active when, and who moved the alias
	@$(TRAINER) history

promote: ## promote a version: make promote VERSION=2
	@$(TRAINER) promote $(VERSION)

rollback: ## promote the previous version again
	@$(TRAINER) rollback

robustness: ## measure the promoted version on corrupted test images; another: make robustness ARGS=2
	@$(TRAINER) robustness $(ARGS)

gc: ## list deleted runs, orphaned artifacts and old cached versions; make gc APPLY=1 removes them
	@$(PYTHON) -m local gc $$($(COMPOSED) && echo --composed) $(if $(filter 1,$(APPLY)),--apply)

resume-upload: ## log trainings that the tracking server does not have yet
	@$(TRAINER) resume-upload $(ARGS)

rotate: readable ## give the composed stack new passwords; its data is kept
	docker compose exec -T postgres true
	docker compose run --rm --no-deps -T passwords passwords.py --rotate
	docker compose exec -T postgres psql --quiet --no-psqlrc --username=mlflow --dbname=mlflow \
		<compose/postgres-password.sql
	docker compose up --detach --force-recreate --wait

test: ## run all tests but the slow ones, every part once for real; ten minutes on two cores
	@$(MAKE) --no-print-directory test-unit
	@$(MAKE) --no-print-directory --jobs=2 --keep-going --output-sync MARKED='-m "not slow"' \
		test-api test-trainer test-mlflow-server test-local test-page test-score test-report test-docs test-audit

test-slow: ## run the slow tests: those that wait, or do again what a faster test does
	@$(MAKE) --no-print-directory --jobs=2 --keep-going --output-sync MARKED='-m slow' \
		test-api test-trainer test-local test-mlflow-server

test-unit: ## run the tests that start no process, for working; under a minute
	@$(PYTHON) -m local environment trainer-test api-test
	@$(MAKE) --no-print-directory --jobs=2 --keep-going --output-sync test-unit-trainer test-unit-api

test-compose: ## build and test the stack in containers; needs a running container engine
	@{ $(ENGINE); } || { echo "No container engine answers: start Docker, with Compose, and try again." >&2; exit 1; }
	@$(PYTHON) -m local environment mlflow-server trainer-test audit
	@$(MAKE) --no-print-directory --jobs=2 --keep-going --output-sync test-compose-files test-compose-folders

test-kubernetes: ## test the stack in a cluster: make test-kubernetes KUBE_CONTEXT=kind-kind; see docs/kubernetes.md
	@if test -z "$(KUBE_CONTEXT)"; then echo "Nothing is done without a cluster: name its context, KUBE_CONTEXT=..."; else \
		$(PYTHON) -m local environment trainer-test && \
		deploy/kubernetes/images.sh $(KUBE_LOAD) && \
		KUBE_CONTEXT="$(KUBE_CONTEXT)" $(TRAINER_TEST) -m pytest tests/kubernetes; fi

test-mutants: # whether the unit tests notice changes of the gate, the codecs and both registries
	@$(PYTHON) -m local environment trainer-test api-test mutants
	$(TRAINER_TEST) tests/mutants trainer
	$(API_TEST) tests/mutants api

report: ## build the lab report of the promoted version; in French: LANG=fr make report
	@$(PYTHON) -m local environment trainer
	PYTHONPATH=trainer $(ENVIRONMENTS)/trainer/bin/python -m report.collect
	$(PYTHON) -m report.build

bench: ## compare the API with its peers: make bench ARGS="--rounds 1 --seconds 1"
	@$(PYTHON) -m bench $(ARGS)

bench-scaling: ## compare the API with bare servers, at fixed rates too: make bench-scaling ARGS="--rounds 1"
	$(PYTHON) -m bench.scaling $(ARGS)

bench-training: ## compare the trainer with plain Keras: make bench-training ARGS="--train default"
	@$(PYTHON) -m local environment trainer
	PYTHONPATH=trainer $(ENVIRONMENTS)/trainer/bin/python -m bench.training $(ARGS)

bench-score: ## compare scoring many images with ONNX Runtime alone: make bench-score ARGS="--images 10000000"
	$(PYTHON) -m bench.score $(ARGS)

bench-hostile: ## measure the API under hostile clients
	@$(PYTHON) -m local environment api
	$(PYTHON) -m bench.hostile $(ARGS)

bench-pollers: ## measure what many pods of the API cost the tracking server
	@$(PYTHON) -m local environment mlflow-server api-test
	PYTHONPATH=api $(API_TEST) -m bench.pollers $(ARGS)

bench-monitoring: ## measure what the monitoring costs, on the composed stack with it
	$(PYTHON) -m bench.monitoring $(ARGS)

fuzz: ## send 100,000 mutated requests in all formats to the API
	@$(PYTHON) -m local environment api-test
	PYTHONPATH=api $(API_TEST) tests/fuzz $(ARGS)

lint: ## run ruff, import-linter, mypy, shellcheck and hadolint
	@$(PYTHON) -m local environment lint mlflow-server trainer-test api-test audit
	$(LINT)/ruff format --check . && $(LINT)/ruff check .
	PYTHONPATH=api:score:trainer $(LINT)/lint-imports
	$(LINT)/mypy --python-executable $(ENVIRONMENTS)/mlflow-server/bin/python --allow-untyped-calls local mlflow-server
	$(LINT)/mypy --python-executable $(AUDIT) audit
	$(LINT)/mypy --python-executable $(TRAINER_TEST) trainer/mnist_trainer
	MYPYPATH=api:score $(LINT)/mypy --python-executable $(API_TEST) api/mnist_api score/mnist_score
	MYPYPATH=trainer $(LINT)/mypy --python-executable $(TRAINER_TEST) report bench/training.py
	MYPYPATH=api $(LINT)/mypy --python-executable $(API_TEST) --explicit-package-bases --exclude 'bench/(peers|training|outside)' bench
	git ls-files '*.sh' .ci/run | xargs $(LINT)/shellcheck
	$(AUDIT) -m audit dockerfiles

format: ## format the code with ruff
	@$(PYTHON) -m local environment lint
	$(LINT)/ruff format . && $(LINT)/ruff check --fix .

lock: ## renew the locked, hashed requirements
	@$(PYTHON) -m local lock

audit: ## look for advisories on the locks, list what the images contain, check the Dockerfiles
	@$(PYTHON) -m local environment audit
	@$(AUDIT) -m audit $(ARGS)

digests: ## renew the digests of the base images, from their registries
	@$(PYTHON) -m audit.digests
