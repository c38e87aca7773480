# SPDX-License-Identifier: GPL-3.0-or-later
# Every target does all its own set-up: Debian packages that are missing (when that can be done without a question),
# a virtual environment in .venv, the Python packages, the compiled core.

PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
CORE_SOURCES := $(wildcard firmware/core/*.[ch] protocol/*.[ch]) host/build/ffi.py protocol/schema_hash.py

LIBEMG := $(VENV)/libemg
PEOPLE ?= 1,4,9
RATES ?= 2000

# Where this is set (many container images do), every process compiles all that it imports anew: half of its start.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help run test firmware bench sets check fuzz mutants soak visit guide clean
.DELETE_ON_ERROR:

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.core firmware-pc ## the whole simulated rig: patient, board, control, hand; window if there is a display
	@sh host/build/debian.sh run
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] && [ -z "$(RUN)" ]; then $(PY) -m endplate clinic --simulated --data run/clinic; \
	else $(PY) -m endplate bench --report run $(RUN); fi

test: $(VENV)/bin/python ## every test (under 10 minutes on 2 cores); TESTS=tests/host picks some
	@sh host/build/debian.sh test
	@$(MAKE) -j2 --no-print-directory $(VENV)/.core firmware-for-tests
	$(PY) tests/run.py $(TESTS)

firmware: $(VENV)/.core monocypher ## the hand's firmware: Linux program and STM32F405 image; size, stack, instructions
	@sh host/build/debian.sh firmware
	$(MAKE) -C firmware PYTHON=$(abspath $(PY)) all figures

bench: $(VENV)/.core ## what the hot path and the window cost, and our decoders beside LibEMG's; PEOPLE=1,2 RATES=250
	@[ -x $(LIBEMG)/bin/python ] || { python3 -m venv $(LIBEMG) && $(LIBEMG)/bin/pip install --quiet 'libemg>=2.0.3,<3'; } \
	    || rm -rf $(LIBEMG)
	$(PY) tests/bench/chain.py; missed=$$?; $(PY) tests/bench/window.py || missed=1; \
	$(PY) tests/bench/beside.py --people $(PEOPLE) --rates $(RATES) \
	    $$([ -x $(LIBEMG)/bin/python ] && echo --libemg $(LIBEMG)/bin/python) && exit $$missed

sets: $(VENV)/.core ## decoders on every set of ../shared/data: tables, plots in run/evaluation; SETS=iso-force2d picks some
	$(PY) tests/bench/sets.py --only "$(SETS)"

check: $(VENV)/.core ## style, types and static analysis: ruff, mypy, and gcc, clang, cppcheck, clang-tidy for the C
	@sh host/build/debian.sh check
	$(VENV)/bin/ruff check host tests protocol firmware
	$(VENV)/bin/mypy
	@$(MAKE) --no-print-directory -C firmware PYTHON=$(abspath $(PY)) lint

# 1e9 frames are 20 minutes of processor time; what was stopped goes on where it was.
FRAMES ?= 1e9
SECONDS ?= 60
REPLUGS ?= 1000
RUNS ?= 20
fuzz: $(VENV)/.core firmware-pc ## damage, noise, replugs, hosts that die (an hour); short: FRAMES=1e7 SECONDS=10 REPLUGS=20 RUNS=3
	@sh host/build/debian.sh test
	cd tests && ../$(PY) -m campaigns.codec --frames $(FRAMES)
	cd tests && ../$(PY) -m campaigns.fuzz --seconds $(SECONDS)
	ENDPLATE_NOISE_SECONDS=$(SECONDS) ENDPLATE_REPLUGS=$(REPLUGS) $(PY) -m pytest -q -s tests/loop/test_cable.py
	ENDPLATE_RUNS=$(RUNS) $(PY) -m pytest -q -s tests/loop/test_host_faults.py

mutants: $(VENV)/.core firmware-pc ## slips in codec, guard, flash, update, one at a time, that nothing notices (half an hour)
	@sh host/build/debian.sh test
	cd tests && ../$(PY) -m campaigns.mutants
	ENDPLATE_SLIPS=1 $(PY) -m pytest -q $(shell grep -l 'from slips import' -r tests --include='test_*.py')

HOURS ?= 8
soak: $(VENV)/.core firmware-pc ## 100000 samples decoded on the hand; the rig for ten minutes; the window over HOURS=8 of feed
	ENDPLATE_SAMPLES=100000 $(PY) -m pytest -q -s tests/loop/test_decoding.py -k same_bits
	$(PY) -m endplate bench --headless --seconds 600 --report run --json run/soak.json
	$(PY) tests/bench/window.py --soak-hours $(HOURS)

DISPLAYED = $(if $(DISPLAY),,xvfb-run -a -s "-screen 0 1400x900x24")
visit: $(VENV)/.core firmware-pc ## a whole visit by clicks on the simulated rig: log, pictures, report in run/visit
	@sh host/build/debian.sh test
	cd tests && QT_QPA_PLATFORM=xcb $(DISPLAYED) ../$(PY) -m loop.visit_by_clicks --out ../run/visit $(GUIDE)

guide: ## the same, and its pictures into the guide
	@$(MAKE) --no-print-directory visit GUIDE="--guide ../host/guide"

clean: ## removes what was built (not .venv)
	rm -rf firmware/build build dist run host/endplate/_core*.so

# ---- set-up ----
# The firmware needs little of what pip installs, and is built while the rest is fetched: what signs its images (else they
# were signed half-way through), and a setuptools that reads Monocypher's sdist without wheel.
SIGNING = $(shell sed -n 's/.*"\(cryptography[^"]*\)".*/"\1"/p' pyproject.toml)
.PHONY: firmware-pc firmware-for-tests monocypher
IN_TWO = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j2)
# Checks the signatures of updates; a hand built without takes none.
monocypher: | $(VENV)/bin/python
	@$(PY) firmware/monocypher.py $(VENV)/monocypher

firmware-pc: monocypher
	@$(MAKE) $(IN_TWO) --no-print-directory -C firmware PYTHON=$(abspath $(PY)) pc

# What can be built is; a test that needs the rest skips and names it.
firmware-for-tests: firmware-pc
	@if command -v arm-none-eabi-gcc >/dev/null; then \
	    $(MAKE) $(IN_TWO) --no-print-directory -C firmware PYTHON=$(abspath $(PY)) f405 replay budget; fi

$(VENV)/bin/python:
	@sh host/build/debian.sh base
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --upgrade pip 'setuptools>=70.1' $(SIGNING)

$(VENV)/.packages: pyproject.toml host/build/hook.py | $(VENV)/bin/python monocypher
	$(VENV)/bin/pip install --quiet --no-compile -e '.[board,monitor,test]'
	@touch $@

$(VENV)/.core: $(CORE_SOURCES) $(VENV)/.packages
	$(PY) host/build/ffi.py
	@touch $@
