# What one can do here. `make` alone lists it.
.DEFAULT_GOAL := help
.PHONY: help setup build test soak demo serve bench bench-search format openapi screenshots

configuration ?= Release
pipeline := artifacts/bin/Api/$(shell echo $(configuration) | tr A-Z a-z)/pipeline
sources := $(shell find src -name '*.cs' -o -name '*.csproj' -o -name '*.json' -o -path '*/Page/www/*.*') Directory.Build.props Directory.Packages.props
test_model := $(CURDIR)/tests/Fixtures/models/ggml-meetings-test.en.bin
capture := tests/Fixtures/captures/release-review-opus-vp8.pcap

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'

setup: ## install what is missing and build the speech engine, once (tests=1 also fetches what tests need: Chromium, axe-core)
	@deploy/setup.sh $(if $(tests),--tests)

build: ## compile everything
	@dotnet build Pipeline.sln -c $(configuration) -v q --nologo

test: ## run all tests; ends with the line "N passed, N failed"
	@deploy/setup.sh --tests
	@tests/run.sh $(configuration)

soak: ## kill the server 100 times while it records meetings, some 20 minutes (SEED=7 repeats the one that began there, RUNS=2 are ten kills)
	@deploy/setup.sh --tests
	@PIPELINE_SOAK=$(or $(RUNS),20) PIPELINE_SEED=$(or $(SEED),$(shell date +%y%m%d)) dotnet test tests/EndToEnd.Tests -c $(configuration) --nologo -v q --logger "console;verbosity=detailed" --filter "FullyQualifiedName~KillTests"

demo: setup $(pipeline) ## record a simulated meeting and show what came out (ONCE=1 ends by itself)
	@PIPELINE_MODEL=$${PIPELINE_MODEL:-$(test_model)} $(pipeline) demo $(capture) $(if $(ONCE),--once)

serve: setup $(pipeline) ## run the server in the foreground; settings are PIPELINE_… in the environment
	@exec $(pipeline) serve

bench: setup ## measure beside GStreamer and Janus, and print the numbers, some eight minutes (ROWS=2,3 measures these rows alone)
	@dotnet run --project tests/Benchmarks -c Release -v q -- $(if $(ROWS),rows=$(ROWS))

bench-search: setup ## measure searches over a million segments (some minutes, 2 GB of disk)
	@dotnet run --project tests/Benchmarks -c Release -v q -- search

format: ## put the code in the house style
	@dotnet format Pipeline.sln

openapi: $(pipeline) ## write docs/api/openapi.json anew
	@$(pipeline) openapi > docs/api/openapi.json

screenshots: ## take the pictures of the page in docs/ anew, of meetings that are played for it
	@deploy/setup.sh --tests
	@PIPELINE_SCREENSHOTS=$(CURDIR)/docs dotnet test tests/Page.Tests -c $(configuration) --nologo -v q --filter Pictures=yes

# The program itself is a file: nothing is built when nothing changed.
$(pipeline): $(sources)
	@echo "build: compiling"
	@dotnet build src/Api -c $(configuration) -v q --nologo
	@touch $@
