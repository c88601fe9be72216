PYTHON ?= python3
JOBS ?= 2
FUZZ_SECONDS ?= 600
QUEUES ?= work,train
BIN = .venv/bin

.PHONY: setup run worker test screenshots fuzz lint guides messages lock demo ci

setup: ## create .venv, install everything, build what is built
	@$(PYTHON) tools/setup.py

run: ## everything in one: database, queue, worker, web, demo corpus
	@$(PYTHON) tools/setup.py --run-only && exec $(BIN)/python tools/launch.py

worker: setup ## a worker alone, for a deployment with its own REDIS_URL and DATABASE_URL
	$(BIN)/celery -A config worker -Q $(QUEUES) --concurrency 2 --loglevel info

test: setup ## the whole suite on the embedded default
	@$(PYTHON) tools/setup.py --browser
	$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

screenshots: setup ## pictures of every page and what is wrong on them, into var/screenshots (ARGS="--role lead")
	@$(PYTHON) tools/setup.py --browser
	$(BIN)/python -m tests.screenshots $(ARGS)

fuzz: setup ## hostile input to every page and the API, FUZZ_SECONDS each
	FUZZ_SECONDS=$(FUZZ_SECONDS) $(BIN)/pytest -s --show-capture=no --tb=short tests/config/test_fuzz_pages.py
	FUZZ_SECONDS=$(FUZZ_SECONDS) $(BIN)/pytest -s --show-capture=no --tb=short tests/config/test_fuzz_api.py -k schema

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tools/check_words.py
	$(BIN)/python tools/check_migrations.py
	$(BIN)/mypy
	$(BIN)/djlint templates --check --quiet
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/python tools/biome.py ci --error-on-warnings
	$(BIN)/hadolint Dockerfile
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

guides: setup ## the guides as a site in var/guides
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

messages: ## collect new strings for translation (needs Debian's gettext)
	$(BIN)/python manage.py makemessages -l zh_Hans --no-wrap --no-location -i node_modules -i .venv -i var -i tests
	$(BIN)/python tools/setup.py

lock: setup ## write requirements*.lock after a change of requirements*.txt (ARGS="--upgrade numpy")
	$(BIN)/python tools/lock.py $(ARGS)

demo: ## make the demo episodes anew (needs Debian's espeak-ng and fonts-noto-cjk)
	$(BIN)/python -m demo.make

ci:
	bash .ci/run
