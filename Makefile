# Everything here sets itself up: Python 3.11+ and make are all that must be there before.
PYTHON ?= python3
SOURCE ?= flanders
MODEL  ?= pocket
PORT   ?= 8866
BIN    := .venv/bin
# What is installed already, each more than the one before: the served map; the notebooks too; every check too.
APP    := .venv/.app
ALL    := .venv/.all
READY  := .venv/.test

.PHONY: map lab test live lint picture screenshots pocket bench bench-real bench-train bench-speed site wheels clean

map: $(APP)         ## serve the click map on 127.0.0.1 and print its address
	TIMESEN_SOURCE="$(SOURCE)" TIMESEN_MODEL="$(MODEL)" $(BIN)/python -m timesen_nb.widgets.serve --port $(PORT)

lab: $(ALL)         ## open the notebooks
	$(BIN)/jupyter lab --allow-root --ip=127.0.0.1 --notebook-dir=notebooks

test: lint          ## every check
	$(BIN)/python -m pytest

live: $(READY)      ## ask the real services: STAC catalogs, Earth Engine, the hub, LUCAS photos, the gazetteer
	TIMESEN_LIVE=1 $(BIN)/python -m pytest -n 0 -rs tests/test_live.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

picture: $(READY)   ## the picture in the README (needs chromium)
	$(BIN)/python docs/picture.py

screenshots: $(READY) ## the click map at every size, by day and by night, into screenshots/ (needs chromium)
	$(BIN)/python docs/picture.py screenshots

pocket: .venv/.pocket   ## rebuild the bundled model from nothing
	$(BIN)/python -m recipes.pocket_model
	$(BIN)/python -m recipes.confidence

bench: $(READY)     ## print what we promise, measured
	$(BIN)/python -m benchmarks.simulated
	$(BIN)/python -m benchmarks.app

bench-train: $(READY) ## cross-view training on simulated places, its ablations and its speed
	$(BIN)/python -m benchmarks.train --encoders
	$(BIN)/python -m benchmarks.train_speed

bench-real: $(READY) ## the pocket model on real Sentinel-2 (../shared/real)
	$(BIN)/python -m benchmarks.real
	$(BIN)/python -m benchmarks.elsewhere
	$(BIN)/python -m benchmarks.flanders
	$(BIN)/python -m benchmarks.honest
	$(BIN)/python -m benchmarks.countries

bench-speed: $(READY) ## the encoder, regions, start-up, sources, reports and data sets, each beside a baseline
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.notebooks
	$(BIN)/python -m benchmarks.encoder_speed
	$(BIN)/python -m benchmarks.regions
	$(BIN)/python -m benchmarks.sources
	$(BIN)/python -m benchmarks.report
	$(BIN)/python -m benchmarks.datasets

site: $(READY)      ## one site: the notebooks, run, API reference, benchmarks, model card, teacher's kit
	$(BIN)/python docs/pages.py

wheels: .venv/bin/python  ## a folder of all that the notebooks need, to install from without a network
	$(BIN)/python -m pip wheel --wheel-dir wheels ".[lab,train]"

.venv/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else f"timesen_nb needs Python 3.11 or newer; $(PYTHON) is {v.major}.{v.minor}. Name another one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip

# .venv/.app brings timesen_nb[app], and so on. What is never imported needs no compiling: a fifth of the disk
.venv/.app .venv/.all .venv/.test: .venv/.%: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --no-compile --editable ".[$*]"
	@touch $@

.venv/.pocket: $(READY)
	$(BIN)/python -m pip install --quiet --editable ".[test,pocket]"
	@touch $@

clean:
	rm -rf .venv build dist site wheels .pytest_cache .ruff_cache .mypy_cache .hypothesis
