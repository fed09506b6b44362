# Flowscope's tasks. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help build demo test lint fuzz nightly bench bench-go web web-check cross fmt tidy clean tools

BIN := $(CURDIR)/.cache/bin
FUZZTIME ?= 3s
# Every folder with a go.mod: the root, and modules that bring what the root must not.
MODULES = $(shell git ls-files -co --exclude-standard -- go.mod '*/go.mod' ':!*/testdata/*' | xargs -n1 dirname | sort)

export FLOWSCOPE_TELEMETRYGEN ?= $(BIN)/telemetrygen

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

build: ## Build bin/flowscope, one static binary
	CGO_ENABLED=0 go build -trimpath -o bin/flowscope ./cmd/flowscope

demo: ## Run a simulated shop and cloud console with its dashboard
	go run ./cmd/flowscope demo

test: tools web/node_modules/.package-lock.json ## Install what the tests need and run all of them
	go build -o $(BIN)/runtests ./test/runtests
	$(BIN)/runtests -fuzztime $(FUZZTIME)

lint: tools ## Check format, vet, linters, go.mod and files
	@unformatted=$$(git ls-files -coz --exclude-standard '*.go' | xargs -0 gofmt -l); \
		[[ -z $$unformatted ]] || { echo "run make fmt: $$unformatted"; exit 1; }
	@for dir in $(MODULES); do ( \
		cd "$$dir" && go vet ./... && $(BIN)/golangci-lint run ./... && \
		{ go mod tidy -diff >/dev/null || { echo "run make tidy: $$dir"; exit 1; }; } ) || exit 1; \
	done
	test/checks/files.sh

fuzz: ## Fuzz every decoder (FUZZTIME=3s each)
	go run ./test/runtests -fuzztime $(FUZZTIME) fuzz

nightly: ## Kill the server KILLS=200 times, overload it for OVERLOAD_SECONDS=60 (KILL_SEED=n repeats)
	KILLS=$(or $(KILLS),200) KILL_SEED=$(KILL_SEED) OVERLOAD_SECONDS=$(or $(OVERLOAD_SECONDS),60) \
		go test -v -count=1 -timeout 2h -run 'TestKill|TestOverload' ./test/e2e

bench: ## Measure the program against its promises (BENCH_SPANS=200000: small)
	go run ./test/bench $(BENCHFLAGS)

bench-go: ## Run the Go benchmarks
	go test -run "^$$" -bench . -timeout 30m ./internal/... ./flow/...

web: web/node_modules/.package-lock.json ## Build the dashboard into web/dist
	cd web && npm run build

web-check: web/node_modules/.package-lock.json ## Check the dashboard's types and that web/dist is current
	cd web && npm run check
	test/checks/dist.sh

web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci

cross: ## Build for Linux, macOS and Windows on amd64 and arm64
	test/checks/cross.sh

fmt: ## Format the Go code
	git ls-files -coz --exclude-standard '*.go' | xargs -0 gofmt -w

tidy: ## Tidy go.mod of all modules; those below the root follow its dependencies
	@for dir in $(MODULES); do ( cd "$$dir" && go mod tidy ) || exit 1; done

clean: ## Remove what the other targets made, except web/dist
	rm -rf .cache bin web/node_modules

tools: ## Install what the tests and linters need
	@test/tools/install.sh
