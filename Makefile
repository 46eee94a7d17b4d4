# Each target that people type is one line over a tool. `make` alone lists them.
PYTHON ?= python3
PORT ?= 4566
IMAGES ?= samples
MODEL ?= models
STACK ?= mien
OPTIONS ?=
TARGET ?= images
SECONDS ?= 600
MINUTES ?= 0
SEED ?= 1
# test-faults and test-training start this many processes.
WORKERS ?= 2
# pip chooses the build of PyTorch for this machine. You can name another one, such as TORCH=torch==2.13.0+cpu.
TORCH ?= torch==2.13.0
# The Python version of the template's runtime. A pyenv shim can be on the PATH although pyenv has not selected that
# version, so pyenv's own folders are searched first.
RUNTIME ?= $(firstword $(wildcard $(HOME)/.pyenv/versions/3.13.*/bin/python3.13) python3.13)

.DEFAULT_GOAL := help
.PHONY: help demo up deploy undeploy deploy-local install install-training install-sagemaker check check-python check-page \
  check-template test test-contract test-browser test-faults test-training test-sam faults fuzz audit screenshot bench \
  detector requirements clean install-runtime chromium

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/local.done ## Classify sample faces and photos with the whole application, or your own with IMAGES=DIR MODEL=WORD.
	@.venv/bin/python -m local demo --model $(call quoted,$(MODEL)) $(call quoted,$(IMAGES))

up: .venv/local.done ## Run the application on this machine until Ctrl-C. PORT=4566 is the port, MODEL=WORD the model.
	@.venv/bin/python -m local up --port $(PORT) --model $(call quoted,$(MODEL))

deploy: install-runtime ## Deploy model and application to AWS. MODEL=WORD STACK=mien OPTIONS="--region eu-central-1".
	@$(with_sam) .venv-runtime/bin/python -m deployment deploy --stack $(call quoted,$(STACK)) $(OPTIONS) $(given_model)

undeploy: .venv-runtime/runtime.done ## Remove all that deploy has made, after a question. STACK=mien OPTIONS=--keep-data keeps the buckets.
	@.venv-runtime/bin/python -m deployment undeploy --stack $(call quoted,$(STACK)) $(OPTIONS)

deploy-local: install-runtime ## Build and deploy with the SAM CLI into the embedded cloud, then classify the sample faces.
	@$(with_sam) .venv-runtime/bin/python -m local sam

install: .venv/dev.done .venv-audit/audit.done ## Install the development environment.

install-training: .venv-training/torch.done ## Install PyTorch and what training needs into .venv-training.

install-sagemaker: .venv-training/sagemaker.done ## Add the SageMaker SDK to .venv-training (1 GB).

check: check-python check-page check-template ## Run all linters and type checkers.

check-python: install ## Run ruff and mypy, and check the GitHub workflow.
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml docs/pipeline/*.yml

check-page: node_modules/.package-lock.json ## Check the types of the page's JavaScript, and lint it. Needs Node.js.
	npm run --silent check

# W1001 and W7001: SAM has used the mapping TrafficShifts, and has made CodeDeploy's resources without their condition.
check-template: install ## Run cfn-lint and checkov on both templates, on the application's also after SAM's transform.
	.venv/bin/cfn-lint template.yaml hosting.yaml
	mkdir -p build && .venv/bin/python -m local.template > build/template.json
	.venv/bin/cfn-lint --ignore-checks W1001 W1033 W7001 -- build/template.json
	$(checkov) --file template.yaml
	$(checkov) --file hosting.yaml
	$(checkov) --file build/template.json

test: .venv/dev.done ## Run the unit and integration tests. They need no AWS account and no container engine.
	@.venv/bin/python -m pytest

test-contract: .venv/dev.done ## Compare the running API with openapi.yaml, with schemathesis.
	@PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/python -m pytest tests/contract

test-browser: .venv/dev.done chromium ## Use the page in Chromium, with the whole application behind it.
	@.venv/bin/python -m pytest tests/browser

test-faults: .venv/dev.done ## Inject almost every fault a few times. WORKERS=2 run at the same time.
	@.venv/bin/python -m pytest --numprocesses $(WORKERS) tests/faults

test-training: .venv-training/torchvision.done ## Test training, with AWS imitated by moto.
	@.venv-training/bin/python -m pytest --numprocesses $(WORKERS) tests/training

test-sam: install-runtime ## Test what the SAM CLI builds and deploys. Needs Python 3.13.
	@$(with_sam) .venv-runtime/bin/python -m pytest tests/e2e

faults: .venv/dev.done ## Inject every fault, one after the other. MINUTES=60 repeats it with new seeds for an hour.
	@.venv/bin/python -m tests.faults run --minutes $(MINUTES) --seed $(SEED)

fuzz: .venv-runtime/runtime.done ## Fuzz the image reader for SECONDS=600, or the event parser with TARGET=events.
	@PYTHONPATH=functions:. .venv-runtime/bin/python -m tests.fuzz $(call quoted,$(TARGET)) -max_total_time=$(SECONDS)

audit: .venv-audit/audit.done ## Look up all pinned versions in OSV, a database of vulnerabilities. Needs a network.
	@PATH="$(CURDIR)/.venv-audit/bin:$$PATH" sh requirements/audit.sh $(call quoted,$(TORCH))

screenshot: .venv/dev.done chromium ## Take the README's screenshots of the page again.
	@.venv/bin/python -m tests.browser.screenshot

bench: .venv/dev.done ## Compare the speed with what people use today, in about ten minutes. OPTIONS=--quick for one.
	@.venv/bin/python -m benchmarks speed $(OPTIONS)

detector: .venv-training/training.done ## Make the face detector's file again, from the package that has its weights.
	@.venv-training/bin/python -m training detector

requirements: .venv/dev.done ## Pin the requirements again. UPGRADE=--upgrade takes the newest versions.
	@PATH="$(CURDIR)/.venv/bin:$$PATH" sh requirements/pin.sh $(UPGRADE)

clean: ## Delete everything that was installed or built.
	rm -rf .venv .venv-* node_modules .aws-sam build

quoted = '$(subst ','\'',$(1))'
# Without MODEL=WORD, `make deploy` keeps the model that is deployed.
given_model = $(if $(filter-out file,$(origin MODEL)),$(call quoted,$(MODEL)))
with_sam = PATH="$(CURDIR)/.venv-sam/bin:$(CURDIR)/.venv-runtime/bin:$$PATH"
# Settings and skipped checks are in .checkov.yaml. Without the variable, checkov ends with 0 if it can't parse a file.
checkov = CKV_PARSE_ERROR_FAIL=true .venv-audit/bin/checkov

# Environments: sets of requirements share one unless their versions conflict.
#   .venv            local, then dev
#   .venv-training   training and PyTorch, then sagemaker, then training-tests, then torchvision
#   .venv-runtime    local, then runtime, on the Python version of the template's runtime
#   .venv-sam        sam, on the same version
#   .venv-audit      audit
# The file ENVIRONMENT/SET.done shows that requirements/SET.txt is installed in it. A set contains only what it adds to
# the set before it. Two runs of make can install at the same time: requirements/lock.py lets one wait for the other.
.SECONDARY:
.SECONDEXPANSION:
%.done: requirements/$$(*F).txt | $$(*D)/bin/python
	@$(*D)/bin/python requirements/lock.py $(*D) $@ $^ -- sh -c 'echo "installing requirements/$(*F).txt into $(*D)" && \
	  $(*D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  $(addprefix --requirement ,$(filter %.txt,$^)) && touch $@'

.venv/local.done .venv-runtime/local.done: layer/requirements.txt
.venv/dev.done: .venv/local.done
.venv-runtime/runtime.done: .venv-runtime/local.done
.venv-training/sagemaker.done: .venv-training/torch.done
.venv-training/training-tests.done: .venv-training/sagemaker.done
.venv-training/torchvision.done: .venv-training/training-tests.done

# npm itself writes this file last.
node_modules/.package-lock.json: package.json package-lock.json .npmrc
	@command -v npm > /dev/null || { echo "checking the page's JavaScript needs Node.js 20 or newer, with npm: nodejs.org" >&2; exit 1; }
	@$(PYTHON) requirements/lock.py node_modules $@ $^ -- sh -c 'echo "installing package-lock.json into node_modules" && \
	  npm ci --silent --no-audit --no-fund --ignore-scripts && touch $@'

.venv-training/torch.done: .venv-training/training.done
	@.venv-training/bin/python requirements/lock.py .venv-training $@ $^ -- sh -c 'echo "installing PyTorch into $(@D)" && \
	  .venv-training/bin/python -m pip install --quiet --disable-pip-version-check "$(TORCH)" && touch $@'

# `sam build` compiles for the template's runtime and needs a Python of that version, and so does running the result.
install-runtime: .venv-sam/sam.done .venv-runtime/runtime.done

version = $(PYTHON)
variable = PYTHON
.venv-runtime/bin/python .venv-sam/bin/python: version = $(RUNTIME)
.venv-runtime/bin/python .venv-sam/bin/python: variable = RUNTIME
%/bin/python:
	@$(version) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null || \
	  { echo "$* was not made: $(version) is missing or older than Python 3.11. $(variable)=... names another." >&2; exit 1; }
	@$(version) requirements/lock.py $* $@ -- $(version) -m venv $*

# Playwright uses the Chromium of this machine and downloads none. Without a font, the page would show no text.
chromium:
	@for name in chromium chromium-browser google-chrome; do command -v $$name > /dev/null && exit; done; \
	  if [ "$$(id -u)" = 0 ] && [ -f /etc/debian_version ]; then \
	    echo "installing Chromium" && apt-get update -qq && \
	      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core > /dev/null; \
	  else \
	    echo "install Chromium first: chromium, chromium-browser or google-chrome must be on the PATH" >&2; exit 1; \
	  fi
