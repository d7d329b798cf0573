# Two commands: `make demo` and `make test`. Each installs what it lacks.

.PHONY: demo test check unit browser bench chaos fuzz fmt

demo:
	@sh scripts/install.sh
	@echo "building (a first build takes some minutes on two cores)"
	@cargo build --quiet --package ingam
	@target/debug/ingam demo --data target/demo $(ARGS)

# Every check there is; a tool that is missing is a failure, never a silent skip.
test: export INGAM_MUST = all
test:
	@sh scripts/install.sh tests
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	cargo build --package ingam --quiet
	node --test --test-reporter=spec --test-concurrency=1 tests/browser/
	cargo nextest run --workspace --no-fail-fast

bench:
	@sh scripts/install.sh
	@cargo build --quiet --package ingam
	target/debug/ingam bench ledger
	target/debug/ingam bench http
	target/debug/ingam bench read

# 200 kills at random moments under load; takes about ten minutes.
chaos:
	@sh scripts/install.sh tests
	INGAM_KILLS=200 cargo nextest run --package ingam --test crash --no-capture

fuzz:
	INGAM_FUZZ_MINUTES=$${MINUTES:-10} cargo nextest run --workspace -E 'test(fuzz)' --no-capture

fmt:
	cargo fmt --all
