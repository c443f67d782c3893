# `make` alone lists what there is. Everything is installed into .venv, and again only when a
# requirements file has changed. All paths are relative: the folder may have spaces in its name.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
# Of 15,000 modules a quarter is ever imported: Python compiles these as they are.
PIP := $(RUN) -m pip --disable-pip-version-check install --quiet --no-compile
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help train test test-fast lint docs web addons clean

help:
	@echo "make train     set up, then train on drawn streets (settings: make train ARGS='seed=1')"
	@echo "make test      set up, then check style and types and run all tests"
	@echo "make test-fast the daily loop: a tenth of the time; no style, training, export or programs"
	@echo "make addons    run exports/streets in TensorFlow 2.15 with tensorflow-addons (Python 3.11)"
	@echo "make docs      set up (make web, too), then write the documentation as a site to build/site"
	@echo "make web       npm install of what export --formats web copies beside its page"
	@echo "make lint      set up, then check style and types only"
	@echo "make clean     remove .venv and caches; runs/ and data/ stay"
	@echo "Another Python: make train PYTHON=python3.12"

train: $(VENV)/.installed
	$(RUN) train.py $(ARGS)

# Three processes for two cores: a quarter of the time they wait for programs that they have started.
# Each begins with a third of the tests as they stand in the folders and then takes over from the
# others: most files, and what their tests share, stay in one process.
test: lint
	$(RUN) -m pytest -n 3 --dist worksteal $(ARGS)

# Without what trains, exports, draws or starts programs, and with few examples a property. One
# process: to import TensorFlow a second time would take longer than it saves.
SLOW := ablation addons benchmarks commands examples export inference integration report \
	serving_client streets training test_backend.py test_programs.py
test-fast: $(VENV)/.installed-dev
	$(RUN) -m pytest -m "not slow" --hypothesis-profile=fast $(SLOW:%=--ignore=tests/%) $(ARGS)

lint: $(VENV)/.installed-dev
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

docs: $(VENV)/.installed-dev
	@test -d node_modules/onnxruntime-web || ! command -v npm > /dev/null || \
		$(MAKE) --no-print-directory web || echo "npm failed: the site has no page to try"
	NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build --strict --quiet

# ONNX Runtime for browsers, of the version that the format demands.
web:
	npm install --no-save --no-audit --no-fund --ignore-scripts onnxruntime-web@$(shell sed -n \
		's/^PACKAGE, VERSION = .*, "\(.*\)"$$/\1/p' kerasseg/export/formats/web.py)

# Needs an export of the streets run: python export.py runs/streets
EXPORT := exports/streets/latest
IMAGE = $(firstword $(wildcard data/streets/leftImg8bit/val/*/*.png))
addons: $(VENV)/.installed $(VENV)-addons/.installed
	$(RUN) -m kerasseg predict $(EXPORT) "$(IMAGE)" --out $(VENV)-addons/labels --submission
	KERASSEG_EXPORT=$(EXPORT) KERASSEG_IMAGE="$(IMAGE)" \
	KERASSEG_LABELS="$(VENV)-addons/labels/$(notdir $(IMAGE))" \
	$(VENV)-addons/bin/python -m pytest -o filterwarnings= tests/addons

$(VENV)-addons/.installed: requirements-addons.txt
	@$(PYTHON) -m venv $(VENV)-addons
	@$(VENV)-addons/bin/python -m pip --disable-pip-version-check install --quiet -r $<
	@touch $@

clean:
	rm -rf $(VENV) $(VENV)-addons .pytest_cache .ruff_cache .mypy_cache .hypothesis build kerasseg.egg-info
	find kerasseg tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# The last line of each recipe marks it as done: what is interrupted is done again.
$(VENV)/.made:
	@$(PYTHON) -c "import sys; v = sys.version_info; (3, 11) <= v < (3, 14) or sys.exit( \
	'kerasseg needs Python 3.11 to 3.13, $(PYTHON) is %d.%d; try: make PYTHON=python3.12' % v[:2])"
	@echo "making $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
	@touch $@

$(VENV)/.installed: requirements.txt | $(VENV)/.made
	@echo "installing requirements.txt (once; TensorFlow takes some minutes)"
	@$(PIP) -r requirements.txt
	@touch $@

# cityscapesscripts is an oracle for labels and scores; of what it asks for these need only one.
# tritonclient has the protos of Triton and KServe; it asks for an older ml_dtypes than TensorFlow's.
$(VENV)/.installed-dev: requirements-dev.txt requirements.txt | $(VENV)/.made
	@echo "installing requirements-dev.txt (once; TensorFlow takes some minutes)"
	@$(PIP) -r requirements-dev.txt
	@$(PIP) --no-deps "cityscapesscripts>=2.3,<3" "pyquaternion<1" \
		"tritonclient>=2.73,<3" "python-rapidjson>=1.25,<2"
	@touch $@
