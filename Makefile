PYTHON ?= python3
BUILD ?= build/dev

# Builds rushlight/_native*.so in place, for work on the sources with PYTHONPATH=. (incremental).
.PHONY: native
native:
	@cmake -S . -B $(BUILD) -G Ninja -DPython_EXECUTABLE=$$(command -v $(PYTHON)) -DCMAKE_LIBRARY_OUTPUT_DIRECTORY=$(CURDIR)/rushlight > $(BUILD).log 2>&1 || (cat $(BUILD).log; exit 1)
	@cmake --build $(BUILD)
