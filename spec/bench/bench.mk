# The programs of `make bench` and what it runs: see spec/bench/generator.c, spec/bench/dtls_load.c
# and spec/bench/run.lua. ROUNDS is how often everything is measured, BENCH a part of the name of
# the only scenario to run.

ROUNDS = 7
BENCH  =

BENCH_COMMON    = datagram packet server
BENCH_GENERATOR = generator load fanout $(BENCH_COMMON)
BENCH_DTLS_LOAD = dtls_load dtls_memory dtls_burst dtls_client dtls_kind $(BENCH_COMMON)
BENCH_DTLS_RAW  = dtls_raw dtls_kind $(BENCH_COMMON)
BENCH_PROGRAMS  = $(addprefix $(BUILD)/bench/,generator echo dtls_load dtls_raw)
BENCH_LIBCOAP   = $(addprefix $(BUILD)/bench/libcoap_,notls openssl gnutls)

.PHONY: run-bench
run-bench: build $(BENCH_PROGRAMS) $(BENCH_LIBCOAP)
	@$(LUA) spec/bench/run.lua $(BUILD) $(ROUNDS) "$(BENCH)"

$(BUILD)/bench/generator: $(BENCH_GENERATOR:%=$(BUILD)/spec/bench/%.o)
$(BUILD)/bench/echo: $(BUILD)/spec/bench/echo.o
$(BUILD)/bench/dtls_load: $(BENCH_DTLS_LOAD:%=$(BUILD)/spec/bench/%.o) $(LIB_OBJ)
$(BUILD)/bench/dtls_raw: $(BENCH_DTLS_RAW:%=$(BUILD)/spec/bench/%.o) $(LIB_OBJ)
$(BUILD)/bench/dtls_load $(BUILD)/bench/dtls_raw: BENCH_LIBS = $(LUA_LIBS) $(LIBS)

# The same server with each library that libcoap does DTLS with, and with none.
$(BENCH_LIBCOAP): $(BUILD)/spec/bench/libcoap_server.o
$(BUILD)/bench/libcoap_%: BENCH_LIBS = $(shell pkg-config --libs libcoap-3-$(@F:libcoap_%=%))

$(BENCH_PROGRAMS) $(BENCH_LIBCOAP):
	@mkdir -p $(@D)
	$(call quiet,LINK,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(BENCH_LIBS)

# spec/bench_spec.lua checks that the generators can be believed.
run-specs: $(BENCH_PROGRAMS)

-include $(wildcard $(BUILD)/spec/bench/*.d)
