# Two commands: `make demo` and `make test`. Each installs what it lacks.

.PHONY: demo test journeys sheet bench bench-backup chaos soak fuzz model fmt

demo:
	@sh scripts/install.sh
	@echo "building (a first build takes some minutes on two cores)"
	@cargo build --quiet --package ingam
	@target/debug/ingam demo --data target/demo $(ARGS)

# What fuzz/ reaches into, so that it is looked at too.
DOORS = ingam-connectors/fuzzing,ingam-ledger/fuzzing,ingam-vision/fuzzing

# Every check there is; a tool that is missing is a failure, never a silent skip.
test: export INGAM_MUST = all
test:
	@sh scripts/install.sh tests
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check
	cargo clippy --workspace --all-targets --quiet --features $(DOORS) -- -D warnings
	cargo build --package ingam --quiet
	sh scripts/model.sh
	cargo nextest run --workspace --no-fail-fast
	node --test --test-reporter=spec --test-concurrency=1 tests/browser/*.test.mjs

# Every screen in every language and view, in a real browser; some minutes.
journeys:
	@sh scripts/install.sh tests
	@cargo build --package ingam --quiet
	cargo nextest run --package ingam page::sheet
	INGAM_JOURNEYS=all node --test --test-reporter=spec --test-concurrency=1 tests/browser/*.test.mjs

# A picture of every screen and state, in both languages and five ways of looking: target/sheet/index.html.
sheet:
	@sh scripts/install.sh tests
	cargo nextest run --package ingam page::sheet
	INGAM_SHEET=1 node --test --test-reporter=spec tests/browser/states.test.mjs

# What measures the program, or runs it for hours, has it optimised.
SWIFT = --config 'profile.dev.package.ingam.opt-level=1'

bench:
	@sh scripts/install.sh
	@cargo build --quiet --package ingam $(SWIFT)
	target/debug/ingam bench ledger
	target/debug/ingam bench http
	target/debug/ingam bench read

# A million entries backed up under load, restored and audited. Needs about 10 GB of disk under target/.
bench-backup:
	@sh scripts/install.sh
	@cargo build --quiet --package ingam $(SWIFT)
	target/debug/ingam bench backup --entries 1000000

# 200 kills and 60 power cuts at random moments under load, and 1,000 cases over 50 cards with random faults; takes
# about a quarter of an hour. INGAM_SEED=N for other moments.
chaos:
	@sh scripts/install.sh tests
	INGAM_KILLS=200 INGAM_NODE_KILLS=40 INGAM_CUTS=60 INGAM_CASES=1000 \
		cargo nextest run $(SWIFT) --package ingam -E 'test(/killed|power|thousand/)' --no-capture

# 100,000 schedules of the simulation, from where the last run broke off; two to three hours on two cores.
# INGAM_SEEDS=N for another number. The first that fails tells its story and ends the run.
soak:
	@cargo build --package ingam $(SWIFT)
	@mkdir -p target
	target/debug/ingam sim --seed 1 --count $(or $(INGAM_SEEDS),100000) --resume target/soak.seed

# Random inputs, guided by what they reach, for every parser that takes bytes from outside; SECONDS for each target.
SECONDS = 60
fuzz:
	@sh scripts/install.sh fuzz
	@sh scripts/fuzz.sh $(SECONDS) $(ARGS)

# The models in docs/models, and every mutant of them; half a minute.
model:
	@sh scripts/install.sh model
	@sh scripts/model.sh $(ARGS)

fmt:
	cargo fmt --all
	cargo fmt --manifest-path fuzz/Cargo.toml
