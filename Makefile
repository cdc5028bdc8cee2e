# make demo | test | check | bench | native | sanitize | tsan | wheel | clean
# Everything is installed into .venv; CI runs the same recipes (.ci/run).

PYTHON ?= python3
VENV   ?= .venv
BUILD  ?= build/dev
JOBS   ?= $(shell n=$$(nproc 2>/dev/null || echo 2); [ $$n -gt 8 ] && n=8; echo $$n)
TESTS  ?= tests

BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
STAMPS := $(VENV)/.stamps
CXX_FILES = $(shell git ls-files '*.cpp' '*.h' '*.inc' | grep -v '\.inc$$')

.PHONY: help demo test check format bench native sanitize tsan wheel clean

help:
	@sed -n 's/^# make/make/p' Makefile

# ---- set-up, done once per change of pyproject.toml -----------------------------------------------------------------

$(STAMPS)/venv:
	$(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/build: pyproject.toml tools/requirements.py | $(STAMPS)/venv
	$(BIN)/python tools/requirements.py build runtime | $(PIP) install --quiet -r /dev/stdin
	@touch $@

$(STAMPS)/test: pyproject.toml tools/requirements.py | $(STAMPS)/venv
	$(BIN)/python tools/requirements.py build runtime test | $(PIP) install --quiet -r /dev/stdin
	@touch $(STAMPS)/build $@

$(STAMPS)/dev: pyproject.toml tools/requirements.py | $(STAMPS)/venv
	$(BIN)/python tools/requirements.py runtime dev | $(PIP) install --quiet -r /dev/stdin
	@touch $@

SOURCES = $(shell find rushlight native CMakeLists.txt pyproject.toml -type f ! -name '*.so' ! -path '*/__pycache__/*')
$(STAMPS)/demo: $(SOURCES) | $(STAMPS)/venv
	$(PIP) install --quiet '.[demo]'
	@touch $@

# ---- what people type -----------------------------------------------------------------------------------------------

demo: $(STAMPS)/demo
	@$(BIN)/rushlight demo

test: $(STAMPS)/test
	@$(MAKE) --no-print-directory native PYTHON=$(BIN)/python
	@$(BIN)/python tools/check_symbols.py $(BUILD)
	OMP_NUM_THREADS=1 RUSHLIGHT_NUM_THREADS=2 $(BIN)/python -m pytest -n $(JOBS) $(TESTS)

check: $(STAMPS)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/clang-format --dry-run -Werror $(CXX_FILES)

format: $(STAMPS)/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(CXX_FILES)

bench: $(STAMPS)/test
	@$(MAKE) --no-print-directory native PYTHON=$(BIN)/python
	PYTHONPATH=. $(BIN)/python benchmarks/run.py

wheel: | $(STAMPS)/venv
	$(PIP) wheel --no-deps --wheel-dir dist .

# ---- the extension module -------------------------------------------------------------------------------------------

# Builds rushlight/_native*.so in place, for work on the sources with PYTHONPATH=. (incremental).
native:
	@mkdir -p $(BUILD)
	@export PATH="$(abspath $(dir $(shell command -v $(PYTHON)))):$$PATH"; \
	(cmake -S . -B $(BUILD) -G Ninja -DPython_EXECUTABLE=$$(command -v $(PYTHON)) \
	   -DCMAKE_LIBRARY_OUTPUT_DIRECTORY=$(CURDIR)/rushlight > $(BUILD).log 2>&1 || (cat $(BUILD).log; exit 1)) && \
	cmake --build $(BUILD)

# The tests of the kernels, of op calls and of the runtime on an instrumented build, in a copy of the tree.
KERNEL_TESTS ?= tests/kernels tests/test_runtime.py
define instrumented
	@mkdir -p build/$(1)/tree
	@tar -c --exclude='*.so' --exclude=__pycache__ rushlight tests tools pyproject.toml | tar -x -C build/$(1)/tree
	@export PATH="$(abspath $(BIN)):$$PATH"; cmake -S . -B build/$(1) -G Ninja $(2) -DPython_EXECUTABLE=$(abspath $(BIN))/python \
	   -DCMAKE_LIBRARY_OUTPUT_DIRECTORY=$(CURDIR)/build/$(1)/tree/rushlight > build/$(1).log 2>&1 || (cat build/$(1).log; exit 1)
	@export PATH="$(abspath $(BIN)):$$PATH"; cmake --build build/$(1)
	cd build/$(1)/tree && LD_PRELOAD="$$(g++ -print-file-name=$(3)) $$(g++ -print-file-name=libstdc++.so)" PYTHONMALLOC=malloc OPENBLAS_NUM_THREADS=1 \
	   $(4) RUSHLIGHT_NUM_THREADS=4 $(abspath $(BIN))/python -m pytest -p no:cacheprovider --capture=sys -n $(JOBS) $(KERNEL_TESTS)
endef

sanitize: $(STAMPS)/test
	$(call instrumented,asan,-DRUSHLIGHT_SANITIZE=ON,libasan.so,ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1)

# Which threads touch what does not depend on the instruction set: the baseline's kernels are enough.
tsan: $(STAMPS)/test
	$(call instrumented,tsan,-DRUSHLIGHT_TSAN=ON -DRUSHLIGHT_ISAS=v2,libtsan.so,TSAN_OPTIONS=exitcode=66:allocator_may_return_null=1)

clean:
	rm -rf build dist rushlight/*.so
