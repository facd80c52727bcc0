# What one can do here. `make` alone lists it.
.DEFAULT_GOAL := help
.PHONY: help setup build test demo serve bench format

configuration ?= Release

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-8s %s\n", $$1, $$2 }'

setup: ## install what is missing and build the speech engine, once (tests=1 also installs Chromium)
	@deploy/setup.sh $(if $(tests),--tests)

build: ## compile everything
	@dotnet build Pipeline.sln -c $(configuration) -v q --nologo

test: setup ## run all tests
	@dotnet test Pipeline.sln -c $(configuration) -v q --nologo

demo: setup ## record a simulated meeting and show what came out
	@PIPELINE_MODEL=$${PIPELINE_MODEL:-$(CURDIR)/tests/Fixtures/models/ggml-meetings-test.en.bin} \
		dotnet run --project src/Api -c $(configuration) -v q -- demo

serve: setup ## run the server here
	@dotnet run --project src/Api -c $(configuration) -v q

bench: setup ## measure, and print the numbers
	@dotnet run --project tests/Benchmarks -c Release -v q

format: ## put the code in the house style
	@dotnet format Pipeline.sln
