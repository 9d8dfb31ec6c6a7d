PYTHON ?= python3

.PHONY: lock

lock: ## renew the locked, hashed requirements
	$(PYTHON) -m local lock
