# Each target is a line over a tool. `make` alone lists them.
PYTHON ?= python3
PORT ?= 4566
IMAGES ?= samples/faces
MODEL ?= models
TARGET ?= images
SECONDS ?= 600
MINUTES ?= 0
SEED ?= 1
# The template's runtime; pyenv's shims answer to this name without having it, so its own folders are looked at too.
RUNTIME ?= $(firstword $(wildcard $(HOME)/.pyenv/versions/3.13.*/bin/python3.13) python3.13)

.DEFAULT_GOAL := help
.PHONY: help demo up test test-browser test-contract test-faults faults check audit fuzz test-training test-sam deploy-local screenshot requirements clean

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/local.done ## Classify sample faces through the whole application; IMAGES=DIR takes your own.
	@.venv/bin/python -m local demo --model $(call quoted,$(MODEL)) $(call quoted,$(IMAGES))

up: .venv/local.done ## Keep the application running until Ctrl-C; PORT=4566.
	@.venv/bin/python -m local up --port $(PORT) --model $(call quoted,$(MODEL))

test: .venv/dev.done ## Run all tests that need neither an account nor a container engine.
	@.venv/bin/python -m pytest

test-browser: .venv-browser/done chromium ## Use the page in a real browser, over the whole application.
	@.venv-browser/bin/python -m pytest tests/browser

test-contract: .venv/dev.done .venv-contract/done ## Hold the running API against openapi.yaml, with schemathesis.
	@PATH="$(CURDIR)/.venv-contract/bin:$$PATH" .venv/bin/python -m pytest tests/contract

test-faults: .venv/dev.done ## Inject every fault a few times, while a few images are classified.
	@.venv/bin/python -m pytest tests/faults

faults: .venv/dev.done ## Inject every fault once, and hold the results against the uploads; MINUTES=60 goes on for so long.
	@.venv/bin/python -m tests.faults run --minutes $(MINUTES) --seed $(SEED)

check: .venv/dev.done .venv-audit/done ## Run the linters, over the template and over what SAM makes of it too.
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/cfn-lint template.yaml
	mkdir -p build && .venv/bin/python -m local.template > build/template.json
	.venv/bin/cfn-lint build/template.json
	$(checkov) --file template.yaml
	$(checkov) --file build/template.json --skip-check CKV_AWS_73,CKV_AWS_76,CKV_AWS_120

audit: .venv-audit/done ## Look up all pinned versions in the database of known holes; needs a network.
	@PATH="$(CURDIR)/.venv-audit/bin:$$PATH" sh requirements/audit.sh $(call quoted,$(TORCH))

fuzz: .venv-fuzz/done ## Fuzz the image reader, or the event parser with TARGET=events; SECONDS=600.
	@PYTHONPATH=functions:. .venv-fuzz/bin/python -m tests.fuzz $(call quoted,$(TARGET)) -max_total_time=$(SECONDS)

test-training: .venv-training/tests ## Run the tests of training: PyTorch, SageMaker's SDK, AWS imitated by moto.
	@.venv-training/bin/python -m pytest tests/training

deploy-local: .venv-sam/done .venv-runtime/done ## The same with the SAM CLI: build, and deploy into an embedded cloud.
	@PATH="$(CURDIR)/.venv-sam/bin:$(CURDIR)/.venv-runtime/bin:$$PATH" .venv-runtime/bin/python -m local sam

test-sam: .venv-sam/done .venv-runtime/done ## Run the tests that need the SAM CLI and Lambda's own Python.
	@PATH="$(CURDIR)/.venv-sam/bin:$(CURDIR)/.venv-runtime/bin:$$PATH" .venv-runtime/bin/python -m pytest tests/e2e

screenshot: .venv-browser/done chromium ## Draw the page again, for the README: docs/page.png.
	@.venv-browser/bin/python -m tests.browser.screenshot

requirements: .venv/dev.done ## Pin all requirements anew.
	@PATH="$(CURDIR)/.venv/bin:$$PATH" sh requirements/pin.sh

clean: ## Delete what was installed and built.
	rm -rf .venv .venv-audit .venv-browser .venv-contract .venv-fuzz .venv-runtime .venv-sam .venv-training .aws-sam build

quoted = '$(subst ','\'',$(1))'
# What is skipped of the expanded template, and why, stands in template.yaml at the API: SAM drops it from the stage.
checkov = .venv-audit/bin/checkov --framework cloudformation --skip-download --compact --quiet
install = $(1)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(2)

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Mien needs Python 3.11 or newer: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv .venv

.venv/local.done: requirements/local.txt | .venv/bin/python
	@echo "installing requirements into .venv" && $(call install,.venv,$<) && touch $@

.venv/dev.done: requirements/dev.txt .venv/local.done
	@echo "installing development requirements into .venv" && $(call install,.venv,$<) && touch $@

.venv-audit/done: requirements/audit.txt
	@$(PYTHON) -m venv .venv-audit
	@echo "installing checkov and pip-audit into .venv-audit" && $(call install,.venv-audit,$<) && touch $@

.venv-browser/done: requirements/browser.txt
	@$(PYTHON) -m venv .venv-browser
	@echo "installing Playwright and what the local cloud needs into .venv-browser" && $(call install,.venv-browser,$<) && touch $@

# Playwright drives the machine's own browser, and downloads none. Without a font there would be no text to see.
.PHONY: chromium
chromium:
	@for name in chromium chromium-browser google-chrome; do command -v $$name > /dev/null && exit; done; \
	  if [ "$$(id -u)" = 0 ] && [ -f /etc/debian_version ]; then \
	    echo "installing Chromium" && apt-get update -qq && \
	      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core > /dev/null; \
	  else \
	    echo "install Chromium first: one of chromium, chromium-browser and google-chrome must be on the PATH" >&2; exit 1; \
	  fi

.venv-contract/done: requirements/contract.txt
	@$(PYTHON) -m venv .venv-contract
	@echo "installing schemathesis into .venv-contract" && $(call install,.venv-contract,$<) && touch $@

# The runtime's Python again: which Pythons the fuzzer has wheels for is its authors' affair.
.venv-fuzz/done: requirements/fuzz.txt
	@$(RUNTIME) -c '' 2>/dev/null || { echo "$(RUNTIME), the template's runtime, is not on the PATH" >&2; exit 1; }
	@$(RUNTIME) -m venv .venv-fuzz
	@echo "installing the fuzzer into .venv-fuzz" && $(call install,.venv-fuzz,$<) && touch $@

# The build of PyTorch that suits the machine is pip's choice, or yours: TORCH=torch==2.13.0+cpu, for instance.
TORCH ?= torch==2.13.0
.venv-training/done: requirements/training.txt
	@$(PYTHON) -m venv .venv-training
	@echo "installing PyTorch and what training needs into .venv-training"
	@$(call install,.venv-training,$<) && .venv-training/bin/python -m pip install --quiet '$(TORCH)' && touch $@

.venv-training/sagemaker: requirements/sagemaker.txt .venv-training/done
	@echo "installing SageMaker's SDK into .venv-training: about 1 GB" && $(call install,.venv-training,$<) && touch $@

.venv-training/tests: requirements/training-tests.txt .venv-training/sagemaker
	@$(call install,.venv-training,$<) && touch $@

# `sam build` compiles for the template's runtime, and needs a Python of that version; so does running what it built.
.venv-runtime/done: requirements/runtime.txt
	@$(RUNTIME) -c '' 2>/dev/null || { echo "$(RUNTIME), the template's runtime, is not on the PATH" >&2; exit 1; }
	@$(RUNTIME) -m venv .venv-runtime
	@echo "installing requirements into .venv-runtime" && $(call install,.venv-runtime,$<) && touch $@

.venv-sam/done: requirements/sam.txt
	@$(RUNTIME) -c '' 2>/dev/null || { echo "$(RUNTIME), the template's runtime, is not on the PATH" >&2; exit 1; }
	@$(RUNTIME) -m venv .venv-sam
	@echo "installing the SAM CLI into .venv-sam" && $(call install,.venv-sam,$<) && touch $@
