# The parts of `make test`, `make test-slow` and `make test-compose`, by themselves.
test-unit-trainer:
	PYTHONPATH=trainer $(TRAINER_TEST) -m pytest tests/unit/trainer

test-unit-api:
	PYTHONPATH=api $(API_TEST) -m pytest tests/unit/api

# The suites, each with its slow tests unless MARKED chooses.
test-docs: # what README and docs name exists, and the changes that CONTRIBUTING describes work
	@$(PYTHON) -m local environment trainer-test api-test
	PYTHONPATH=api $(API_TEST) -m pytest $(MARKED) tests/docs

test-trainer:
	@$(PYTHON) -m local environment mlflow-server api trainer-test
	PYTHONPATH=trainer $(TRAINER_TEST) -m pytest $(MARKED) tests/trainer

test-api:
	@$(PYTHON) -m local environment mlflow-server api-test
	PYTHONPATH=api $(API_TEST) -m pytest $(MARKED) tests/api

test-page: # in Chromium, if it is installed
	@$(PYTHON) -m local environment api-test
	PYTHONPATH=api $(API_TEST) -m pytest $(MARKED) tests/page

test-report:
	@$(PYTHON) -m local environment mlflow-server trainer-test
	PYTHONPATH=trainer $(TRAINER_TEST) -m pytest $(MARKED) tests/report

test-mlflow-server: # the tracking server's open paths, allowed hosts, and its pages in Chromium
	@$(PYTHON) -m local environment mlflow-server api-test
	$(API_TEST) -m pytest $(MARKED) tests/mlflow_server

test-local: # `make local`, and the black-box tests in tests/stack against it
	@$(PYTHON) -m local environment mlflow-server trainer api trainer-test
	$(TRAINER_TEST) -m pytest $(MARKED) tests/local

test-score: # scoring many images, with real killed processes and a real registry
	@$(PYTHON) -m local environment mlflow-server score-test
	PYTHONPATH=score:api $(SCORE_TEST) -m pytest $(MARKED) tests/score

test-audit: # the parts of `make audit` that need neither images nor the advisories of OSV
	@$(PYTHON) -m local environment api-test audit
	$(API_TEST) -m pytest $(MARKED) tests/audit

test-compose-files: # most by one stack
	$(TRAINER_TEST) -m pytest tests/compose/test_*.py

test-compose-folders: # each by a stack with an overlay
	$(TRAINER_TEST) -m pytest tests/compose/[a-z]*/
