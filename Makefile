# Martlet on Debian 12: `make run` and `make test` need a Swift toolchain, and install whatever else is missing.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run build install uninstall deb test test-swift test-fuzz test-sanitized test-acceptance fuzz soak damage planted wire reference generate \
	compatibility format lint clean \
	kafka-home wire-home toolchain build-packages test-packages commit

LISTEN ?= localhost:9092
DATA ?= data
HTTP ?= localhost:9644
PYTEST_FLAGS ?=

# Where "install" puts things; all of it below DESTDIR when a package is made.
PREFIX ?= /usr/local
DESTDIR ?=
BASH_COMPLETIONS ?= $(PREFIX)/share/bash-completion/completions
ZSH_COMPLETIONS ?= $(PREFIX)/share/zsh/site-functions
FISH_COMPLETIONS ?= $(PREFIX)/share/fish/vendor_completions.d

SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
PYTHON := .venv/bin/python
# Reports the stack of a process that trapped.
BACKTRACE = $(wildcard $(dir $(realpath $(shell command -v swift)))../libexec/swift/linux/swift-backtrace-static)
INSTALLED = $(PREFIX)/bin/martlet $(PREFIX)/libexec/martlet/swift-backtrace $(PREFIX)/share/man/man1/martlet.1 \
	$(BASH_COMPLETIONS)/martlet $(ZSH_COMPLETIONS)/_martlet $(FISH_COMPLETIONS)/martlet.fish
BINARY ?= .build/release/martlet
RELEASE := -c release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked --no-color-diagnostics
SOURCES := Package.swift Sources Tests Fuzz/Sources
COMMIT_SOURCE := Sources/CProgram/commit.c

# First what the toolchain itself calls for, then the codecs.
BUILD_PACKAGES := git binutils libc6-dev libstdc++-12-dev libncurses6 libsqlite3-0 libcurl4 libxml2 tzdata \
	zlib1g-dev libzstd-dev liblz4-dev libsnappy-dev libmicrohttpd-dev libre2-dev
TEST_PACKAGES := python3-venv gcc kcat strace mount procps prometheus curl zsh fish groff-base systemd $(if $(KAFKA_HOME),openjdk-17-jdk-headless)

# Installs those of the named Debian packages that are not there; silent and quick when none is missing.
define install
@missing=; for package in $(1); do \
	dpkg-query -W -f='$${db:Status-Status}' $$package 2>/dev/null | grep -qx installed || missing="$$missing $$package"; \
done; \
if [ -n "$$missing" ]; then \
	if [ -n "$(SUDO)" ] && ! command -v sudo >/dev/null; then \
		echo "There is no sudo: install these as root: apt-get install --no-install-recommends$$missing" >&2; exit 1; \
	fi; \
	echo "Installing$$missing"; \
	$(SUDO) apt-get update -q && \
	$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing; \
fi
endef

# Passes on what the broker says; when it is ready, what to try follows, for the address that it has.
define then_hints
while IFS= read -r line; do \
	echo "$$line"; \
	case $$line in "martlet ready on "*) \
		address=$${line#martlet ready on }; option=; \
		if [ "$$address" != localhost:9092 ]; then option=" --bootstrap $$address"; fi; \
		sed -e "s/localhost:9092/$$address/" -e "s/localhost:9644/$(HTTP)/" -e "/release\/martlet/s/\$$/$$option/" docs/try-next.txt;; \
	esac; \
done
endef

# Says what a target needs of the environment, before anything is built for it.
needed = @test -n "$($(1))" || { echo "$(1) is not set: it names $(2); see CONTRIBUTING.md" >&2; exit 1; }

help: ## Show what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 18
	@echo
	@echo 'LISTEN=$(LISTEN), DATA=$(DATA) and HTTP=$(HTTP) are where "run" listens, keeps its data and serves its'
	@echo "metrics (HTTP= for none). PYTEST_FLAGS go to the acceptance tests: make test-acceptance PYTEST_FLAGS='-k kill9'"

run: build ## Build a release and start a broker on localhost:9092 with its data in ./data
	@echo 'Starting on $(LISTEN) with its data in $(DATA). For another one: make run LISTEN=localhost:9093 DATA=data2 HTTP=localhost:9645'
	@exec $(BINARY) server --listen $(LISTEN) --data $(DATA) --set martlet.http.listeners=$(HTTP) > >($(then_hints))

build: toolchain build-packages commit ## Build .build/release/martlet
	swift build $(RELEASE) --product martlet

install: $(BINARY) ## Install the release with its completions and manual page under PREFIX (/usr/local)
	install -D -m 0755 $(BINARY) '$(DESTDIR)$(PREFIX)/bin/martlet'
	$(if $(BACKTRACE),install -D -m 0755 $(BACKTRACE) '$(DESTDIR)$(PREFIX)/libexec/martlet/swift-backtrace')
	install -d '$(DESTDIR)$(PREFIX)/share/man/man1' '$(DESTDIR)$(BASH_COMPLETIONS)' '$(DESTDIR)$(ZSH_COMPLETIONS)' \
		'$(DESTDIR)$(FISH_COMPLETIONS)'
	$(BINARY) manual > '$(DESTDIR)$(PREFIX)/share/man/man1/martlet.1'
	$(BINARY) completion bash > '$(DESTDIR)$(BASH_COMPLETIONS)/martlet'
	$(BINARY) completion zsh > '$(DESTDIR)$(ZSH_COMPLETIONS)/_martlet'
	$(BINARY) completion fish > '$(DESTDIR)$(FISH_COMPLETIONS)/martlet.fish'

$(BINARY):
	$(MAKE) build

uninstall: ## Remove what "install" put there (never data)
	rm -f $(foreach file,$(INSTALLED),'$(DESTDIR)$(file)')
	@rmdir '$(DESTDIR)$(PREFIX)/libexec/martlet' 2>/dev/null || true

deb: $(BINARY) ## Make a Debian package of the release in .build
	rm -rf .build/deb
	$(MAKE) install PREFIX=/usr DESTDIR=$(CURDIR)/.build/deb ZSH_COMPLETIONS=/usr/share/zsh/vendor-completions
	packaging/debian/build .build/deb .build

test: test-swift test-fuzz test-acceptance ## Install what the tests need and run all of them

test-swift: toolchain build-packages test-packages $(PYTHON) ## Run the tests of the Swift packages
	MARTLET_TEST_PYTHON=$(CURDIR)/$(PYTHON) swift test

test-fuzz: toolchain build-packages ## Try the kept inputs on every reader of bytes, and new ones for a minute
	Fuzz/run short

test-sanitized: toolchain build-packages test-packages $(PYTHON) ## Run the tests of the Swift packages under the address and the thread sanitizer
	ASAN_OPTIONS=detect_leaks=0 MARTLET_TEST_PYTHON=$(CURDIR)/$(PYTHON) swift test --sanitize=address --scratch-path .build/address
	MARTLET_TEST_PYTHON=$(CURDIR)/$(PYTHON) swift test --sanitize=thread --scratch-path .build/thread

test-acceptance: build test-packages $(PYTHON) ## Run real clients and tools against the release
	$(PYTHON) -m pytest Tests/Acceptance -rs $(PYTEST_FLAGS)

fuzz: toolchain build-packages ## Try new inputs on every reader of bytes for hours (FUZZ_SECONDS for each, FUZZ_TARGETS for some)
	Fuzz/run long $(FUZZ_TARGETS)

soak: build test-packages $(PYTHON) ## Send 10,000,000 frames made to hurt to a broker (FUZZ_FRAMES for another number)
	FUZZ_FRAMES=$(or $(FUZZ_FRAMES),10000000) $(PYTHON) -m pytest Tests/Acceptance/test_fuzz.py -rs -s $(PYTEST_FLAGS)

damage: toolchain build-packages ## Damage what is stored at every byte and bit, of which the tests try some
	MARTLET_DAMAGE=full MARTLET_FLIPS=10000 MARTLET_STARTS=200 swift test --filter 'Damage|TornTailTests'

planted: toolchain build-packages ## Plant one bug after the other, and show by which seed the simulation finds it
	swift run --scratch-path .build/planted -Xswiftc -DPLANTED_BUGS PlantedBugs

reference: kafka-home test-packages $(PYTHON) ## Run the acceptance tests against Apache Kafka in KAFKA_HOME, to test the tests
	REFERENCE=1 $(PYTHON) -m pytest Tests/Acceptance -rs $(PYTEST_FLAGS)

wire: wire-home build test-packages $(PYTHON) ## Compare every answer with Apache Kafka's (WIRE_HOME names the comparison tool)
	$(PYTHON) -m pytest Tests/Acceptance/test_wire.py -rs $(PYTEST_FLAGS)

generate: toolchain build-packages ## Write the Swift files of the protocol's messages from Sources/MessageGenerator
	swift run MessageGenerator

compatibility: ## Write docs/COMPATIBILITY.md from the list of accepted differences
	python3 Tests/Acceptance/compatibility.py

format: ## Format the Swift sources
	swift format -i -p -r $(SOURCES)

lint: ## Check the format of the Swift sources
	swift format lint --strict -p -r $(SOURCES)

clean: ## Remove what was built (never data)
	rm -rf .build .venv

kafka-home:
	$(call needed,KAFKA_HOME,a folder of Apache Kafka 4.3)

wire-home:
	$(call needed,WIRE_HOME,the folder with the comparison tool)

# Tells the program which commit it is built from. Outside of a checkout, or without git, nothing is touched.
commit:
	@commit=; if [ -e .git ]; then commit=$$(git describe --always --dirty --abbrev=10 --exclude='*' 2>/dev/null); fi; \
	if [ -n "$$commit" ]; then \
		line="const char *martlet_commit(void) { return \"$$commit\"; }"; \
		if [ "$$line" != "$$(cat $(COMMIT_SOURCE) 2>/dev/null)" ]; then echo "$$line" > $(COMMIT_SOURCE); fi; \
	fi

toolchain:
	@command -v swift >/dev/null || { echo 'Swift 6.3 is needed: see https://swift.org/install' >&2; exit 1; }

build-packages:
	$(call install,$(BUILD_PACKAGES))

test-packages:
	$(call install,$(TEST_PACKAGES))

$(PYTHON): Tests/Acceptance/requirements.txt | test-packages
	python3 -m venv .venv
	.venv/bin/pip install -q -r $<
	@touch $@
