# Everything runs in .venv, build/ and the two node_modules; code-server lies in ~/.cache.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory --no-builtin-rules

PYTHON ?= python3
PORT ?= 8443

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --quiet --disable-pip-version-check --no-input
NPM_CI := npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
EXT := vscode-extension
E2E := tests/e2e
JUPYTER := build/jupyter
RELEASE := build/release
VSIX := build/checkpoint-intellisense.vsix

SERVER_FILES := $(shell find server -type f -not -name '*.pyc' -not -name '*.so')
COMPILED := hatch_build.py server/ckptls/checkpoint/formats/tensorflow/v2/_loop.c
BUNDLE_FILES := pyproject.toml tools/bundle_server.py $(EXT)/python/launch.py \
	$(EXT)/python/requirements.lock $(SERVER_FILES)
EXT_FILES := $(EXT)/package.json $(EXT)/package-lock.json $(EXT)/.vscodeignore $(EXT)/README.md \
	$(EXT)/LICENSE $(EXT)/esbuild.mjs $(EXT)/tsconfig.json $(wildcard $(EXT)/src/* $(EXT)/media/*)

say = @printf '\033[1m== %s\033[0m\n' "$(1)"

.PHONY: help
help: ## This list
	@echo "make ..."
	@sed -nE 's/^([a-z]+):.*## (.*)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

.PHONY: demo
demo: $(VENV)/.runtime ## The main job on examples/vgg16, as a session in the terminal
	@$(PY) tools/demo.py

.PHONY: vscode
vscode: $(VENV)/.runtime $(VSIX) ## The same example in a real VS Code in the browser (PORT=8443)
	@rm -rf build/vscode && mkdir -p build/vscode && cp -R examples/vgg16 build/vscode/
	@echo "It opens a copy, build/vscode/vgg16: change what you like, the example stays as it is."
	@$(PY) tools/editor.py open --vsix $(VSIX) --port $(PORT) build/vscode/vgg16

.PHONY: test
test: lint extension vsix wheels e2e jupyterlab editors pytest versions ## Everything: lint, packages, real editors, Python

.PHONY: check
check: lint extension $(VENV)/.test ## What is quick: lint, extension, Python without TensorFlow
	$(call say,Python without TensorFlow)
	@$(PY) -m pytest -q --ignore=tests/oracle --ignore=tests/fuzz --ignore=tests/bench

.PHONY: bench
bench: $(VENV)/.test ## How fast we are, as ratios against TensorFlow
	@for bench in tests/bench/bench_*.py; do $(PY) $$bench; done

.PHONY: package
package: $(VSIX) ## The .vsix of the extension
	@ls -l $(VSIX)

.PHONY: wheels
wheels: $(RELEASE)/.stamp ## What an index gets, in dist/: the sdist, wheels with and without the compiled loop
	$(call say,Wheels)
	@$(RELEASE)/bin/python tools/build_wheels.py

.PHONY: lock
lock: $(RELEASE)/.stamp ## Choose the versions of the libraries that the extension brings
	@cd $(EXT)/python && ../../$(RELEASE)/bin/uv pip compile --quiet --upgrade --universal \
		--python-version 3.10 --generate-hashes --no-build --fork-strategy fewest --no-header \
		../../pyproject.toml --output-file requirements.lock

.PHONY: clean
clean: ## Remove all that was built here (code-server stays in its cache)
	rm -rf build dist $(VENV) $(EXT)/{node_modules,out,bundled} $(E2E)/node_modules tests/e2e/results

# ---------------------------------------------------------------- the parts of `test`

.PHONY: lint
lint: $(VENV)/.test
	$(call say,ruff and mypy)
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --check --quiet . || { $(PY) -m ruff format --check .; exit 1; }
	@$(PY) -m mypy --no-error-summary server/ckptls tools
	@$(PY) -m mypy --no-error-summary --config-file tests/mypy.ini

.PHONY: pytest
pytest: $(VENV)/.test
	$(call say,Python)
	@$(MAKE) --jobs=2 --output-sync=target pytest-files pytest-code

# What reads files, and all else, side by side: each takes about half of the time.
FILE_TESTS := tests/checkpoint tests/cli tests/oracle tests/remote

.PHONY: pytest-files
pytest-files:
	@$(PY) -m pytest -q $(FILE_TESTS)

.PHONY: pytest-code
pytest-code:
	@$(PY) -m pytest -q tests $(FILE_TESTS:%=--ignore=%)

.PHONY: extension
extension: $(EXT)/node_modules/.stamp
	$(call say,Extension: types; lint; unit tests)
	@cd $(EXT) && npx tsc && npx eslint . && npm test --silent

.PHONY: vsix
vsix: $(VSIX) $(VENV)/.runtime
	$(call say,Package of the extension)
	@$(PY) tools/check_vsix.py $(VSIX)

.PHONY: e2e
e2e: $(VSIX) $(E2E)/node_modules/.stamp $(EXT)/node_modules/.stamp
	$(call say,The real editor)
	@$(EXT)/node_modules/.bin/tsc -p $(E2E)
	@$(PY) tools/editor.py describe build/editor.json
	@"$$($(PY) tools/editor.py node)" --test --test-reporter=spec '$(E2E)/vscode/*.test.ts'

.PHONY: jupyterlab
jupyterlab: $(JUPYTER)/.stamp $(E2E)/node_modules/.stamp $(EXT)/node_modules/.stamp
	$(call say,JupyterLab)
	@$(EXT)/node_modules/.bin/tsc -p $(E2E)
	@CKPTLS_CHROMIUM="$$($(PY) tools/editor.py chromium)" \
		"$$($(PY) tools/editor.py node)" --test --test-reporter=spec '$(E2E)/jupyter/*.test.ts'

.PHONY: versions
versions: $(RELEASE)/.stamp
	$(call say,The oldest libraries; other Pythons)
	@$(RELEASE)/bin/python tools/check_versions.py

.PHONY: editors
editors: $(VENV)/.test
	$(call say,Emacs and Neovim)
	@$(PY) tools/editor.py others
	@$(PY) -m pytest -q tests/e2e

# ---------------------------------------------------------------- what is made once

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "ckptls needs Python 3.10 or newer; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: pyproject.toml $(COMPILED) | $(PY)
	@echo "installing ckptls into $(VENV) ..."
	@$(PIP) install -e .
	@touch $@

$(VENV)/.test: pyproject.toml $(COMPILED) | $(PY)
	@echo "installing ckptls with what its tests need into $(VENV) (TensorFlow: some minutes) ..."
	@$(PIP) install -e '.[test]'
	@touch $@ $(VENV)/.runtime

$(JUPYTER)/.stamp: $(E2E)/jupyter/requirements.txt pyproject.toml $(COMPILED) | $(PY)
	@echo "installing JupyterLab and ckptls into $(JUPYTER) ..."
	@$(PY) -m venv --clear $(JUPYTER)
	@$(JUPYTER)/bin/python -m pip --quiet --disable-pip-version-check --no-input \
		install -r $< -e '.[pylsp]'
	@touch $@

$(RELEASE)/.stamp: tools/requirements.txt | $(PY)
	@echo "installing what packages are built with into $(RELEASE) ..."
	@$(PY) -m venv --clear $(RELEASE)
	@$(RELEASE)/bin/python -m pip --quiet --disable-pip-version-check --no-input install -r $<
	@touch $@

$(EXT)/node_modules/.stamp: $(EXT)/package-lock.json
	@echo "installing what the extension is built with ..."
	@cd $(EXT) && $(NPM_CI)
	@touch $@

$(E2E)/node_modules/.stamp: $(E2E)/package-lock.json
	@cd $(E2E) && $(NPM_CI)
	@touch $@

$(EXT)/bundled/bundle.json: $(BUNDLE_FILES) | $(PY)
	@$(PY) tools/bundle_server.py

$(VSIX): $(EXT_FILES) $(EXT)/bundled/bundle.json $(EXT)/node_modules/.stamp
	@mkdir -p build
	@cd $(EXT) && npm run --silent bundle && npx vsce package --no-dependencies \
		--allow-missing-repository --target $$(sed -nE 's/.*"target": "(.*)".*/\1/p' bundled/bundle.json) \
		--out ../$@ > ../build/vsce.log || { cat ../build/vsce.log; exit 1; }
