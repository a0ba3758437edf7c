# lunacoap's build. `make help` lists the targets.
# Every .c file under runtime/, bindings/ and spec/probe/ is found by itself: adding one needs no
# edit here.

VERSION = 0.1.0
BUILD   = build
V       = 0

# As many jobs as there are cores, unless the caller says how many.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif

# `make clean test` means one after the other.
ifneq ($(filter clean,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

# ---- What is built from what -------------------------------------------------------------------

MAIN_SRC  = runtime/main.c
LIB_SRC   = $(filter-out $(MAIN_SRC),$(sort $(shell find runtime bindings -name '*.c')))
PROBE_SRC = $(sort $(wildcard spec/probe/*.c))
SCRIPTS   = $(sort $(shell find scripts/lunacoap -name '*.lua'))

MAIN_OBJ  = $(MAIN_SRC:%.c=$(BUILD)/%.o)
LIB_OBJ   = $(LIB_SRC:%.c=$(BUILD)/%.o) $(BUILD)/gen/scripts.o
PROBE_OBJ = $(PROBE_SRC:%.c=$(BUILD)/%.o)
OBJECTS   = $(MAIN_OBJ) $(LIB_OBJ) $(PROBE_OBJ)

# A probe is a file spec/probe/NAME.c with `int lc_probe_NAME(lua_State *L)`; these three are not.
PROBES    = $(filter-out main probe upcall,$(PROBE_SRC:spec/probe/%.c=%))

# ---- Compiler ----------------------------------------------------------------------------------

# -fPIC everywhere: the executable and the loadable module are linked from the same objects.
CC       = gcc
# With -flto=auto added a server needs 2.5 % less time, and every build 10 s more.
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
# Texts that are too long for their field are cut on purpose.
WARNINGS += -Wno-format-truncation

LUA_CFLAGS := $(shell pkg-config --cflags $(LUA_PC) 2>/dev/null)
LUA_LIBS   := $(shell pkg-config --libs $(LUA_PC) 2>/dev/null)

ALL_CPPFLAGS  = -I. -Iruntime -I$(BUILD)/gen -D_GNU_SOURCE -DLC_VERSION='"$(VERSION)"'
ALL_CPPFLAGS += $(LUA_CFLAGS) $(CPPFLAGS)
# Hidden: calls between our files need no table of addresses, and may be inlined.
# No PLT: a request makes some sixty calls into Lua, and the detour of each is 2 % of its time.
ALL_CFLAGS   = -std=gnu11 -fPIC -fvisibility=hidden -fno-plt $(WARNINGS) $(CFLAGS) $(SANITIZE)
ALL_LDFLAGS  = $(LDFLAGS) $(SANITIZE)
LIBS         = -lev -lmbedtls -lmbedx509 -lmbedcrypto -lgnutls -ljansson -lcbor -lm

# V=1 shows the commands.
quiet = $(if $(filter 1,$(V)),,@printf '%-5s %s\n' $(1) $(2);)

# ---- build: the executable, the module and the executable for the specs ------------------------

PRODUCTS = $(BUILD)/lunacoap $(BUILD)/lunacoap.so $(BUILD)/lunacoap-spec

.PHONY: build
build: $(PRODUCTS)

ifeq ($(LUA_CFLAGS),)
$(OBJECTS) $(BUILD)/gen/scripts.o: no-lua
endif

.PHONY: no-lua
no-lua:
	@echo "pkg-config finds no '$(LUA_PC)': run 'make deps'" >&2; exit 1

$(BUILD)/lunacoap: $(MAIN_OBJ) $(LIB_OBJ)
	$(call quiet,LINK,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LUA_LIBS) $(LIBS)

# nodelete: GnuTLS and what it loads do not bear being unloaded when a Lua state is closed.
$(BUILD)/lunacoap.so: $(LIB_OBJ)
	$(call quiet,LINK,$@)$(CC) $(ALL_LDFLAGS) -shared -Wl,-z,nodelete -o $@ $^ $(LIBS)

$(BUILD)/lunacoap-spec: $(PROBE_OBJ) $(LIB_OBJ)
	$(call quiet,LINK,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LUA_LIBS) $(LIBS)

$(BUILD)/%.o: %.c $(BUILD)/gen/flags
	@mkdir -p $(@D)
	$(call quiet,CC,$<)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/gen/scripts.o: $(BUILD)/gen/scripts.c
	$(call quiet,CC,$<)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

-include $(OBJECTS:.o=.d)

# ---- Generated files -----------------------------------------------------------------------------

# Each is made anew every time and replaced only when it differs, so that a removed script, a new
# probe or another compiler flag is noticed and nothing else is compiled again.

keep_if_same = if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(BUILD)/gen/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS))' >$@.new; $(keep_if_same)

$(BUILD)/gen/probes.def: FORCE
	@mkdir -p $(@D)
	@for probe in $(PROBES); do echo "LC_PROBE($$probe)"; done >$@.new; $(keep_if_same)

$(BUILD)/gen/scripts.c: FORCE
	@mkdir -p $(@D)
	@$(LUA) bindings/embed.lua $(SCRIPTS) >$@.new; $(keep_if_same)

$(PROBE_OBJ): | $(BUILD)/gen/probes.def

.PHONY: FORCE
FORCE:

# ---- deps: what Debian has to install ----------------------------------------------------------

# gcc only recommends libc6-dev, and recommended packages are not installed.
PACKAGES  = gcc libc6-dev pkg-config
PACKAGES += lua5.4 liblua5.4-dev lua-argparse
PACKAGES += libev-dev
PACKAGES += libmbedtls-dev libgnutls28-dev libjansson-dev
PACKAGES += libcbor-dev
PACKAGES += lua-busted
PACKAGES += lua-check clang-format cppcheck
# A client and a server that we did not write, for the interoperability specs; their library for
# the comparison of make bench.
PACKAGES += libcoap3-bin libcoap3-dev
# Reads captures.
PACKAGES += tshark
# The authorities that the system trusts.
PACKAGES += ca-certificates
# Certificates, keys and tokens for the specs of DTLS, and peers that speak it.
PACKAGES += openssl gnutls-bin softhsm2 openssh-client
# Readers of the completions and of the man page.
PACKAGES += zsh mandoc

.PHONY: deps
deps:
	@.ci/deps $(PACKAGES)

# ---- Targets that use the programs ---------------------------------------------------------------

# Each starts make anew after `deps`, because what pkg-config says is read at the start of make.

AGAIN = $(MAKE) --no-print-directory

# SPEC=spec/wire runs a part; SPEC="--filter=observe spec" passes busted's options.
SPEC = spec

.PHONY: test
test: deps
	+@$(AGAIN) run-specs

.PHONY: run-specs
run-specs: build
	@$(BUILD)/lunacoap-spec spec/run.lua $(SPEC)

# UBSan ends the program at its first report; LeakSanitizer is a part of AddressSanitizer.
.PHONY: asan
asan: deps
	+@SPEC_COLLECT=1 SPEC_PRELOAD=$$($(CC) -print-file-name=libasan.so) \
	ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1 \
	$(AGAIN) run-specs BUILD=$(BUILD)/asan CFLAGS='-O1 -g -fno-omit-frame-pointer' \
	    SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=undefined'

.PHONY: demo
demo: deps
	+@$(AGAIN) build
	@$(BUILD)/lunacoap examples/demo.lua

.PHONY: bench
bench: deps
	+@$(AGAIN) run-bench

-include spec/bench/bench.mk

# ---- lint: every warning is an error -----------------------------------------------------------

FOLDERS     = $(wildcard runtime bindings spec examples)
C_FILES     = $(shell find $(FOLDERS) -name '*.[ch]')
LUA_FILES   = $(wildcard .luacheckrc .busted)
LUA_FILES  += $(shell find scripts/lunacoap $(FOLDERS) -name '*.lua')
CPPCHECK    = cppcheck --quiet --std=c11 --enable=warning,performance,portability
CPPCHECK   += --error-exitcode=1 --inline-suppr --suppress=missingIncludeSystem
# It takes a pointer that a loop assigns for the one tested in the loop's condition.
CPPCHECK   += --suppress=nullPointerRedundantCheck
CPPCHECK   += -I. -Iruntime -I$(BUILD)/gen -DLC_VERSION='"$(VERSION)"'

.PHONY: lint
lint: deps
	+@$(AGAIN) run-lint

.PHONY: run-lint
run-lint: $(BUILD)/gen/probes.def
	@echo luacheck; luacheck --quiet $(LUA_FILES)
	@echo clang-format; clang-format --dry-run -Werror $(C_FILES)
	@echo cppcheck; $(CPPCHECK) -j2 $(FOLDERS)
	+@echo "gcc -Werror"; $(AGAIN) build BUILD=$(BUILD)/lint CFLAGS='$(CFLAGS) -Werror'

# ---- install -----------------------------------------------------------------------------------

PREFIX   = /usr/local
BINDIR   = $(PREFIX)/bin
LIBDIR   = $(PREFIX)/lib/lua/5.4
SHAREDIR = $(PREFIX)/share/lunacoap

# Where `lunacoap completion FORM` belongs.
COMPLETED = bash=bash-completion/completions/lunacoap zsh=zsh/site-functions/_lunacoap \
            man=man/man1/lunacoap.1

# The rockspec installs the module alone. Without lua-argparse there are no commands to complete.
.PHONY: install install-module uninstall
install: build install-module
	install -D -m 755 $(BUILD)/lunacoap $(DESTDIR)$(BINDIR)/lunacoap
	install -D -m 644 -t $(DESTDIR)$(SHAREDIR) $(wildcard scripts/meta/*.lua) LICENSE
	@$(LUA) -e 'require "argparse"' 2>/dev/null || exit 0; for each in $(COMPLETED); do \
	    $(BUILD)/lunacoap completion $${each%%=*} >$(BUILD)/gen/completion && install -D -m 644 \
	    $(BUILD)/gen/completion $(DESTDIR)$(PREFIX)/share/$${each#*=} || exit 1; done

install-module: $(BUILD)/lunacoap.so
	install -D -m 755 $(BUILD)/lunacoap.so $(DESTDIR)$(LIBDIR)/lunacoap.so

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/lunacoap $(DESTDIR)$(LIBDIR)/lunacoap.so
	@for each in $(COMPLETED); do rm -f $(DESTDIR)$(PREFIX)/share/$${each#*=}; done
	rm -rf $(DESTDIR)$(SHAREDIR)

# ---- surface: what is made from the tables of properties, settings, events and errors ----------

.PHONY: surface
surface: build
	@$(BUILD)/lunacoap-spec spec/surface.lua

# ---- The rest ----------------------------------------------------------------------------------

# For clangd and clang-tidy: one entry for each source, with the command that compiles it.
.PHONY: compdb
compdb: $(BUILD)/gen/probes.def
	@.ci/compdb "$(CURDIR)" '$(subst ','\'',$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS))' \
	    $(MAIN_SRC) $(LIB_SRC) $(PROBE_SRC) >compile_commands.json

.PHONY: clean
clean:
	rm -rf $(BUILD) compile_commands.json

.PHONY: help
help:
	@echo 'make [build]    the program build/lunacoap and the module build/lunacoap.so'
	@echo 'make demo       a thermostat and its client; DEMO_SECONDS=0 keeps it running'
	@echo 'make test       all specs; SPEC=spec/wire runs a part'
	@echo 'make asan       all specs under AddressSanitizer and UBSan'
	@echo 'make lint       luacheck, clang-format, cppcheck, gcc -Werror'
	@echo 'make bench      speed and size beside libcoap and a bare echo; ROUNDS=7, BENCH=fan-out'
	@echo 'make deps       install the Debian packages that are missing'
	@echo 'make install    to PREFIX (/usr/local), below DESTDIR; make uninstall removes it'
	@echo 'make surface    make scripts/meta/lunacoap.lua and the tables of README.md anew'
	@echo 'make compdb     compile_commands.json, for editors'
	@echo 'make clean      remove everything that was built'
	@echo 'V=1 shows the commands, BUILD=folder builds elsewhere.'
