# lunacoap's build. `make help` lists the targets; CONTRIBUTING needs no other tool than make.
# Every .c file under runtime/, bindings/ and spec/probe/ is found by itself: adding one needs no edit here.

VERSION = 0.1.0
BUILD   = build
V       = 0

# ---- What is built from what -----------------------------------------------------------------------------------------

MAIN_SRC  = runtime/main.c
LIB_SRC   = $(filter-out $(MAIN_SRC),$(sort $(shell find runtime bindings -name '*.c')))
PROBE_SRC = $(sort $(wildcard spec/probe/*.c))
SCRIPTS   = $(sort $(shell find scripts -name '*.lua'))

MAIN_OBJ  = $(MAIN_SRC:%.c=$(BUILD)/%.o)
LIB_OBJ   = $(LIB_SRC:%.c=$(BUILD)/%.o) $(BUILD)/gen/scripts.o
PROBE_OBJ = $(PROBE_SRC:%.c=$(BUILD)/%.o)
OBJECTS   = $(MAIN_OBJ) $(LIB_OBJ) $(PROBE_OBJ)

# A probe is a file spec/probe/NAME.c with `int lc_probe_NAME(lua_State *L)`; these two are not.
PROBES    = $(filter-out main probe,$(PROBE_SRC:spec/probe/%.c=%))

# ---- Compiler ----------------------------------------------------------------------------------------------------------

# -fPIC everywhere: the executable and the loadable module are linked from the same objects.
CC       = gcc
CFLAGS   = -O2 -g
LUA      = lua5.4
LUA_PC   = lua5.4
SANITIZE =

WARNINGS  = -Wall
WARNINGS += -Wextra
WARNINGS += -Wshadow
WARNINGS += -Wstrict-prototypes
WARNINGS += -Wmissing-prototypes
WARNINGS += -Wpointer-arith
WARNINGS += -Wvla
WARNINGS += -Wwrite-strings
WARNINGS += -Wundef

LUA_CFLAGS := $(shell pkg-config --cflags $(LUA_PC) 2>/dev/null)
LUA_LIBS   := $(shell pkg-config --libs $(LUA_PC) 2>/dev/null)

ALL_CPPFLAGS = -I. -Iruntime -I$(BUILD)/gen $(LUA_CFLAGS) -D_GNU_SOURCE -DLC_VERSION='"$(VERSION)"' $(CPPFLAGS)
ALL_CFLAGS   = -std=gnu11 -fPIC $(WARNINGS) $(CFLAGS) $(SANITIZE)
ALL_LDFLAGS  = $(LDFLAGS) $(SANITIZE)
LIBS         = -lev -lm

quiet = $(if $(filter 1,$(V)),,@printf '%-5s %s\n' $(1) $(2);)

# ---- build: the executable, the module and the executable for the specs ----------------------------------------------

PRODUCTS = $(BUILD)/lunacoap $(BUILD)/lunacoap.so $(BUILD)/lunacoap-spec

.PHONY: build
build: $(PRODUCTS)

$(BUILD)/lunacoap: $(MAIN_OBJ) $(LIB_OBJ)
	$(call quiet,LINK,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LUA_LIBS) $(LIBS)

$(BUILD)/lunacoap.so: $(LIB_OBJ)
	$(call quiet,LINK,$@)$(CC) $(ALL_LDFLAGS) -shared -o $@ $^ $(LIBS)

$(BUILD)/lunacoap-spec: $(PROBE_OBJ) $(LIB_OBJ)
	$(call quiet,LINK,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LUA_LIBS) $(LIBS)

$(BUILD)/%.o: %.c $(BUILD)/gen/flags
	@mkdir -p $(@D)
	$(call quiet,CC,$<)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/gen/scripts.o: $(BUILD)/gen/scripts.c
	$(call quiet,CC,$<)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

-include $(OBJECTS:.o=.d)

# ---- Generated files. Each is made anew every time and replaced only when it differs, so that a removed script, a new
# ---- probe or another compiler flag is noticed and nothing else is compiled again.

keep_if_same = if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(BUILD)/gen/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS))' >$@.new; $(keep_if_same)

$(BUILD)/gen/probes.def: FORCE
	@mkdir -p $(@D)
	@for probe in $(PROBES); do echo "LC_PROBE($$probe)"; done >$@.new; $(keep_if_same)

$(BUILD)/gen/scripts.c: FORCE
	@mkdir -p $(@D)
	@$(LUA) tools/embed.lua $(SCRIPTS) >$@.new; $(keep_if_same)

$(PROBE_OBJ): | $(BUILD)/gen/probes.def

.PHONY: FORCE
FORCE:

# ---- test ----------------------------------------------------------------------------------------------------------------

SPEC = spec

.PHONY: test
test: build
	@$(BUILD)/lunacoap-spec spec/run.lua $(SPEC)

.PHONY: clean
clean:
	rm -rf $(BUILD)
