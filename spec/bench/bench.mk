# The programs of `make bench` and what it runs: see spec/bench/generator.c and spec/bench/run.lua.
# ROUNDS is how often everything is measured, BENCH a part of the name of the only scenario to run.

ROUNDS = 7
BENCH  =

BENCH_GENERATOR = generator load fanout packet server
BENCH_PROGRAMS  = $(BUILD)/bench/generator $(BUILD)/bench/echo $(BUILD)/bench/libcoap_server

.PHONY: run-bench
run-bench: build $(BENCH_PROGRAMS)
	@$(LUA) spec/bench/run.lua $(BUILD) $(ROUNDS) "$(BENCH)"

$(BUILD)/bench/generator: $(BENCH_GENERATOR:%=$(BUILD)/spec/bench/%.o)
$(BUILD)/bench/echo: $(BUILD)/spec/bench/echo.o
$(BUILD)/bench/libcoap_server: $(BUILD)/spec/bench/libcoap_server.o
$(BUILD)/bench/libcoap_server: BENCH_LIBS = $(shell pkg-config --libs libcoap-3-notls)

$(BENCH_PROGRAMS):
	@mkdir -p $(@D)
	$(call quiet,LINK,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(BENCH_LIBS)

# spec/bench_spec.lua checks that the generator can be believed.
run-specs: $(BUILD)/bench/generator $(BUILD)/bench/echo

-include $(wildcard $(BUILD)/spec/bench/*.d)
