# The commands a newcomer needs: `make demo` and `make test`. `make help` lists the rest.

CARGO ?= cargo
# Extra flags of the test run, such as `TEST=query` for tests whose name has it.
TEST ?=
# Property tests try the same cases in every run; `make test-explore` tries new ones.
PROPTEST_RNG_SEED ?= 20261123

.PHONY: help demo test test-mesh test-mesh-full install-mesh-parts test-explore lint test-asan fuzz bench bench-quick soak install-test-parts install-bench-parts snapshots

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

demo: ## Sample data served on http://127.0.0.1:8080, with queries to paste
	$(CARGO) run --release --locked -p litevisor -- demo

test: install-test-parts lint ## Everything that must hold; installs what it needs
	PROPTEST_RNG_SEED=$(PROPTEST_RNG_SEED) $(CARGO) test --workspace --locked -- $(TEST)

# In a network namespace of its own: etcd, kube-apiserver, istiod and Envoy as they are, our manifests,
# our processes as the pods. The first run builds them (once, some 20 minutes on two cores).
# Where each scenario's timeline is drawn.
MESH_PICTURES ?= target/mesh
MESH ?= mesh::scale mesh::harm mesh::gateways

test-mesh: install-test-parts install-mesh-parts ## Scale-out on a real control plane: scaling, updates, deaths, hangs
	$(CARGO) test -p litevisor --test it --locked --no-run
	LITEVISOR_MESH_PARTS="$$(.ci/mesh-parts)" LITEVISOR_MESH_PICTURES=$(abspath $(MESH_PICTURES)) .ci/in-mesh \
		$(CARGO) test -p litevisor --test it --locked --offline -- --ignored --nocapture --test-threads=1 $(MESH)

test-mesh-full: ## Every scenario of the mesh
	$(MAKE) test-mesh MESH=mesh::

test-explore: install-test-parts ## Property tests and fuzz targets with new cases, ten times as many
	FUZZ_TIMES=10 FUZZ_SEED=$$(date +%s) PROPTEST_CASES=2560 $(CARGO) test --workspace --locked -- $(TEST)

lint: ## Format, clippy, rustdoc, and the house rules: licences, sources, edges, sizes, docs
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked --document-private-items
	PROPTEST_RNG_SEED=$(PROPTEST_RNG_SEED) $(CARGO) test -p tidy --locked

test-asan: ## The engine's tests under AddressSanitizer (stable toolchain, own target folder)
	RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address CARGO_TARGET_DIR=target/asan \
		$(CARGO) test -p engine --locked --target x86_64-unknown-linux-gnu

# `make fuzz SECONDS=600 FUZZ=bson` for ten minutes of one.
SECONDS ?= 60
FUZZ ?= bson catalog request sql

fuzz: install-fuzz-parts ## New inputs for what strangers send, steered by coverage: SECONDS for each of FUZZ
	@CARGO="$(CARGO)" .ci/fuzz $(SECONDS) $(FUZZ)

bench: install-bench-parts ## Every figure beside its baseline, written to docs/performance.md
	$(CARGO) build --release --locked -p litevisor -p bench
	target/release/bench --write docs/performance.md

bench-quick: install-bench-parts ## A tenth of it: to see that it runs, not for figures
	$(CARGO) build --release --locked -p litevisor -p bench
	target/release/bench --quick

# `make soak SOAK="--minutes 1"` for a short one.
SOAK ?= --minutes 10

soak: install-test-parts ## Ten minutes of everything at once: nothing may be wrong, lost or left over
	$(CARGO) build --release --locked -p litevisor -p bench
	target/release/bench soak $(SOAK)

snapshots: ## Rewrites what is generated from the code: docs/openapi.json, docs/limits.md
	UPDATE_SNAPSHOTS=1 $(CARGO) test -p tidy -p litevisor --locked

install-test-parts:
	@.ci/install rustfmt clippy pip libcurl

install-mesh-parts: install-test-parts
	@.ci/install iproute2 unshare

install-fuzz-parts:
	@.ci/install g++

install-bench-parts: install-test-parts
	@.ci/install sqlite3
