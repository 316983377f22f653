# Martlet on Debian 12: `make run` and `make test` need a Swift toolchain, and install whatever else is missing.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run build test test-swift test-acceptance wire reference generate compatibility format lint clean \
	build-packages test-packages

LISTEN ?= localhost:9092
DATA ?= data
PYTEST_FLAGS ?=

SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
PYTHON := .venv/bin/python
BINARY := .build/release/martlet
RELEASE := -c release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked
SOURCES := Package.swift Sources Tests

# First what the toolchain itself calls for, then the codecs.
BUILD_PACKAGES := git binutils libc6-dev libstdc++-12-dev libncurses6 libsqlite3-0 libcurl4 libxml2 tzdata \
	zlib1g-dev libzstd-dev liblz4-dev libsnappy-dev
TEST_PACKAGES := python3-venv gcc kcat strace mount procps $(if $(KAFKA_HOME),openjdk-17-jre-headless)

# Installs those of the named Debian packages that are not there; silent and quick when none is missing.
define install
@missing=; for package in $(1); do \
	dpkg-query -W -f='$${db:Status-Status}' $$package 2>/dev/null | grep -qx installed || missing="$$missing $$package"; \
done; \
if [ -n "$$missing" ]; then \
	echo "Installing$$missing"; \
	$(SUDO) apt-get update -q && \
	$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing; \
fi
endef

help: ## Show what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 18

run: build ## Build a release and start a broker on localhost:9092 with its data in ./data
	@sed 's/localhost:9092/$(LISTEN)/' docs/try-next.txt
	@exec $(BINARY) server --listen $(LISTEN) --data $(DATA)

build: build-packages ## Build .build/release/martlet
	swift build $(RELEASE) --product martlet

test: test-swift test-acceptance ## Install what the tests need and run all of them

test-swift: build-packages test-packages $(PYTHON) ## Run the tests of the Swift packages
	MARTLET_TEST_PYTHON=$(CURDIR)/$(PYTHON) swift test

test-acceptance: build test-packages $(PYTHON) ## Run real clients and tools against the release
	$(PYTHON) -m pytest Tests/Acceptance -rs $(PYTEST_FLAGS)

reference: test-packages $(PYTHON) ## Run the acceptance tests against Apache Kafka in KAFKA_HOME, to test the tests
	REFERENCE=1 $(PYTHON) -m pytest Tests/Acceptance -rs $(PYTEST_FLAGS)

wire: build test-packages $(PYTHON) ## Compare every answer with Apache Kafka's (WIRE_HOME names the comparison tool)
	$(PYTHON) -m pytest Tests/Acceptance/test_wire.py -rs $(PYTEST_FLAGS)

generate: build-packages ## Write the Swift files of the protocol's messages from Sources/MessageGenerator
	swift run MessageGenerator

compatibility: ## Write docs/COMPATIBILITY.md from the list of accepted differences
	python3 Tests/Acceptance/compatibility.py

format: ## Format the Swift sources
	swift format -i -p -r $(SOURCES)

lint: ## Check the format of the Swift sources
	swift format lint --strict -p -r $(SOURCES)

clean: ## Remove what was built (never data)
	rm -rf .build .venv

build-packages:
	$(call install,$(BUILD_PACKAGES))

test-packages:
	$(call install,$(TEST_PACKAGES))

$(PYTHON): Tests/Acceptance/requirements.txt | test-packages
	python3 -m venv .venv
	.venv/bin/pip install -q -r $<
	@touch $@
