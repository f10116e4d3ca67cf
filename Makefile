# SPDX-License-Identifier: MIT
#
# guildfs. `make demo` and `make check` are all that a fresh Debian 12 needs; `make help` lists
# the rest. Every object goes under $(BUILD), so that several builds can lie side by side:
# `make asan` is this Makefile again with BUILD=$(BUILD)-asan.

BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
# One name for one directory, however it is given: dependencies are kept by name.
override BUILD := $(patsubst $(CURDIR)/%,%,$(abspath $(BUILD)))
CC      ?= cc
AR      ?= ar
DEV     ?= 0

bindir     := $(PREFIX)/bin
mandir     := $(PREFIX)/share/man
libexecdir := $(PREFIX)/libexec/guildfs
# systemd looks below /usr and /usr/local.
unitdir    := $(PREFIX)/lib/systemd

VERSION := 0.1.0

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
	-Wundef -Wwrite-strings
ifeq ($(DEV),1)
WARNINGS += -Werror
endif
CFLAGS   ?= -O2 -g
SANITIZE ?=

ALL_CPPFLAGS := -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DGUILDFS_VERSION='"$(VERSION)"' \
	-include core/base/banned.h -Icore $(CPPFLAGS)
ALL_CFLAGS = -std=c17 $(WARNINGS) $(CFLAGS) $(SANITIZE) -pthread

# Libraries are looked up when a recipe runs, not when this file is read: `make demo` must be
# able to install them first.
CORE_PKGS := yaml-0.1 libxxhash libpcre2-8 sqlite3
# Each program loads only what it uses. libcurl, with 30 more libraries behind it, libarchive,
# libxml2 and libcrypto are loaded when they are needed (core/base/lazy_lib.h).
CORE_LIBS  = -Wl,--as-needed $(shell pkg-config --libs $(CORE_PKGS)) -lm
# Only guild draws on terminals.
SCREEN_LIBS = $(shell pkg-config --libs ncursesw)
FUSE_CFLAGS = -DFUSE_USE_VERSION=314 $(shell pkg-config --cflags fuse3)
FUSE_LIBS   = $(shell pkg-config --libs fuse3)

floors     := base yaml fetch project package run metrics catalog page
core_src   := $(sort $(foreach f,$(floors),$(wildcard core/$(f)/*.[cS])))
page_src   := $(wildcard core/page/*.html core/page/*.css core/page/*.js)
fs_src     := $(sort $(wildcard fs/*.c))
guild_src  := $(sort $(wildcard tools/guild/*.c tools/guild/*/*.c))
superv_src := $(sort $(wildcard tools/supervise/*.c))
unit_src   := $(sort $(wildcard tests/unit/test_*.c))
python_src := $(sort $(wildcard tools/python/*/*.py))

# One line a file; `make V=1` shows the commands.
ifeq ($(V),1)
Q :=
say =
else
Q := @
say = $(if $(findstring s,$(firstword -$(MAKEFLAGS))),,@printf '  %-4s %s\n' $(1) $(2);)
endif

obj = $(patsubst %,$(BUILD)/obj/%.o,$(basename $(1)))

programs := $(BUILD)/guild $(BUILD)/guildfs $(BUILD)/guild-supervise
units    := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(unit_src))
unit_files := $(patsubst tools/systemd/%.in,$(BUILD)/systemd/%,$(wildcard tools/systemd/*/*.in))
shims    := $(patsubst tools/python/%,$(BUILD)/python/%,$(python_src))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all demo check check-unit check-mount check-e2e check-fault check-conformance \
	conformance-update soak soak-asan soak-tsan bench install uninstall format lint asan tsan fuzz fuzzers golden clean help \
	setup tests benches FORCE

all: $(programs) $(BUILD)/guild-env $(shims) $(BUILD)/man $(unit_files) ## build guild, guildfs and guild-supervise under $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z][a-z0-9-]*\):.*## /\1\t/p' Makefile | expand -t 20

# --- objects -----------------------------------------------------------------------------------
# A change of the compiler or its flags rebuilds everything; an unchanged stamp touches nothing.
$(BUILD)/flags: FORCE
	@mkdir -p $(BUILD)
	@echo '$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS)' | cmp -s - $@ || \
		echo '$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS)' > $@

$(BUILD)/obj/fs/%.o: fs/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(FUSE_CFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(OWN_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/obj/core/fetch/anchors.o: OWN_CPPFLAGS = $(shell pkg-config --cflags libxml-2.0)

$(BUILD)/obj/tools/guild/%.o: OWN_CPPFLAGS = -Itools/guild

# What goes into it as it is.
$(BUILD)/obj/core/page/assets.o: core/page/assets.S $(page_src)
	@mkdir -p $(@D)
	$(call say,AS,$<)
	$(Q)$(CC) -c -o $@ $<

$(BUILD)/libguild.a: $(call obj,$(core_src))
	@rm -f $@
	$(call say,AR,$@)
	$(Q)$(AR) rcs $@ $^

$(BUILD)/guildfs: $(call obj,$(fs_src)) $(BUILD)/libguild.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(FUSE_LIBS) $(CORE_LIBS)

$(BUILD)/guild: $(call obj,$(guild_src)) $(BUILD)/libguild.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(SCREEN_LIBS) $(CORE_LIBS)

$(BUILD)/guild-supervise: $(call obj,$(superv_src)) $(BUILD)/libguild.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(CORE_LIBS)

$(BUILD)/guild-env: tools/guild-env
	@mkdir -p $(@D)
	$(Q)cp $< $@

$(BUILD)/python/%: tools/python/%
	@mkdir -p $(@D)
	$(Q)cp $< $@

$(BUILD)/systemd/%: tools/systemd/%.in FORCE
	@mkdir -p $(@D)
	@sed 's|@bindir@|$(bindir)|' $< | cmp -s - $@ || sed 's|@bindir@|$(bindir)|' $< > $@

# Manual pages, from the tables that the programs parse by.
$(BUILD)/man: $(BUILD)/guild $(BUILD)/guildfs
	$(call say,MAN,$@)
	@rm -rf $@ $@.new && mkdir -p $@.new
	$(Q)$(BUILD)/guild man-pages $@.new
	$(Q)$(BUILD)/guildfs --print-man > $@.new/guildfs.1
	$(Q)$(BUILD)/guildfs --print-tree-man > $@.new/guildfs.5
	@mv $@.new $@

# A test of the tree engine links the driver too, without its main; others only the library.
fs_lib := $(filter-out $(BUILD)/obj/fs/main.o,$(call obj,$(fs_src)))
$(BUILD)/unit/test_fs_%: $(BUILD)/obj/tests/unit/test_fs_%.o $(fs_lib) $(BUILD)/libguild.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(FUSE_LIBS) $(CORE_LIBS) -lcmocka -larchive
$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/libguild.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(CORE_LIBS) -lcmocka -larchive

# Programs that test scripts call.
helpers := $(patsubst tests/lib/%.c,$(BUILD)/lib/%,$(wildcard tests/lib/*.c))
$(BUILD)/lib/%: $(BUILD)/obj/tests/lib/%.o $(BUILD)/libguild.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(CORE_LIBS)

# GPUs for machines that have none, and a clock that can be set.
stand_in := $(BUILD)/stand-in/libnvidia-ml.so.1 $(BUILD)/stand-in/libclock.so
$(BUILD)/stand-in/libnvidia-ml.so.1: tests/stand-in/nvml.c
$(BUILD)/stand-in/libclock.so: tests/stand-in/clock.c
$(stand_in): $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -shared -fPIC -Wl,-soname,$(@F) -o $@ $(filter %.c,$^)

# A file server that can be stopped.
mirror := $(BUILD)/stand-in/mirror
$(mirror): tests/stand-in/mirror.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -o $@ $< $(FUSE_CFLAGS) $(FUSE_LIBS)

bench_programs := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/*.c))
$(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(BUILD)/libguild.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(CORE_LIBS)

soak_src := $(wildcard tests/soak/*.c)
$(BUILD)/soak/soak: $(call obj,$(soak_src)) $(BUILD)/libguild.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(CORE_LIBS)

# What is loaded here and what Guild AI loads: tests/guildfiles/run.py.
$(BUILD)/guildfiles/load: $(BUILD)/obj/tests/guildfiles/load.o $(BUILD)/libguild.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(CORE_LIBS)

fuzz_programs := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/libguild.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(CORE_LIBS)
$(BUILD)/replay/%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/obj/tests/fuzz/replay.o $(BUILD)/libguild.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(CORE_LIBS)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# --- set-up: install what is missing, in a make of its own so that what follows sees it ---------
setup:
	@tests/lib/setup.sh build

# --- what people and CI call ---------------------------------------------------------------------
demo: setup ## mount the digits example, start runs by writing files, show what came out
	@$(MAKE) --no-print-directory all
	@docs/examples/digits/demo.sh $(abspath $(BUILD))

check: ## every test: unit, mount, end to end, fault, transcripts; plain, ASan+UBSan and TSan
	@tests/lib/setup.sh build check
	@tests/lib/check.sh

benches: all $(bench_programs) $(helpers)

tests: all $(units) $(helpers) $(stand_in) $(mirror) $(BUILD)/soak/soak $(BUILD)/guildfiles/load ## build the programs and the unit tests

check-unit: tests ## unit tests of this build
	@tests/lib/run.sh -B $(abspath $(BUILD)) unit
check-mount: tests ## tests against a real mount, as root also as an ordinary user
	@tests/lib/run.sh -B $(abspath $(BUILD)) mount ordinary
check-e2e: tests ## tests with the real Guild AI, git and Python
	@tests/lib/run.sh -B $(abspath $(BUILD)) e2e
check-fault: tests ## kill every process at every step and look at the store
	@tests/lib/run.sh -B $(abspath $(BUILD)) fault
run_soak = TEST_TIMEOUT=$$(($${SOAK_SECONDS:-600} + 900)) SOAK_SECONDS=$${SOAK_SECONDS:-600} \
	SOAK_KILLS=$${SOAK_KILLS:-200} tests/lib/run.sh -B $(abspath $(1)) soak
soak: tests ## a mount under random load for SOAK_SECONDS (600), its daemon killed SOAK_KILLS (200) times
	@$(call run_soak,$(BUILD))
soak-asan soak-tsan: soak-%: %
	@$(call run_soak,$(BUILD)-$*)
check-conformance: all ## Guild AI's own transcripts against our guild
	@TEST_TIMEOUT=1200 TEST_STDERR=400 tests/lib/run.sh -B $(abspath $(BUILD)) conformance
conformance-update: all ## add to tests/conformance/passed.tsv what passes three times
	@BUILD=$(abspath $(BUILD)) tests/conformance/test-transcripts.sh update

asan: ## programs and unit tests with AddressSanitizer and UBSan, in $(BUILD)-asan
	@$(MAKE) --no-print-directory BUILD=$(BUILD)-asan CFLAGS='-O1 -g -fno-omit-frame-pointer' \
		SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=undefined' tests
tsan: ## the same with ThreadSanitizer, in $(BUILD)-tsan
	@$(MAKE) --no-print-directory BUILD=$(BUILD)-tsan CFLAGS='-O1 -g' \
		SANITIZE='-fsanitize=thread' tests

bench: setup ## speed as ratios, side by side in one run
	@$(MAKE) --no-print-directory benches
	@tests/bench/run.sh $(abspath $(BUILD))

FUZZ_SECONDS ?= 600
FUZZ_SANITIZE := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
fuzzers: $(fuzz_programs)
fuzz: ## every parser with clang's libFuzzer, FUZZ_SECONDS (600) each, in $(BUILD)-fuzz
	@tests/lib/setup.sh build fuzz
	@$(MAKE) --no-print-directory BUILD=$(BUILD)-fuzz CC=clang \
		CFLAGS='-O1 -g -fno-omit-frame-pointer' SANITIZE='$(FUZZ_SANITIZE)' fuzzers
	@tests/fuzz/run.sh $(BUILD)-fuzz $(FUZZ_SECONDS)

golden: all ## write tests/golden/tree.txt anew from fs/tree.c
	$(BUILD)/guildfs --print-tree > tests/golden/tree.txt

format: ## clang-format over every C file
	clang-format -i $$(git ls-files '*.c' '*.h')

lint: ## warnings as errors with gcc and clang, shell syntax, SPDX lines
	@tests/lib/lint.sh

install: all ## programs, manual pages, Python shim and systemd units under $(DESTDIR)$(PREFIX)
	install -d $(DESTDIR)$(bindir) $(DESTDIR)$(libexecdir)/python/guild
	install -m 755 $(BUILD)/guild $(BUILD)/guildfs $(DESTDIR)$(bindir)
	install -m 644 $(BUILD)/guild-env $(DESTDIR)$(bindir)
	install -m 755 $(BUILD)/guild-supervise $(DESTDIR)$(libexecdir)
	install -m 644 $(shims) $(DESTDIR)$(libexecdir)/python/guild
	install -d $(DESTDIR)$(mandir)/man1 $(DESTDIR)$(mandir)/man5
	install -m 644 $(BUILD)/man/*.1 $(DESTDIR)$(mandir)/man1
	install -m 644 $(BUILD)/man/*.5 $(DESTDIR)$(mandir)/man5
	install -d $(DESTDIR)$(unitdir)/system $(DESTDIR)$(unitdir)/user
	install -m 644 $(BUILD)/systemd/system/* $(DESTDIR)$(unitdir)/system
	install -m 644 $(BUILD)/systemd/user/* $(DESTDIR)$(unitdir)/user

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(bindir)/guild $(DESTDIR)$(bindir)/guildfs $(DESTDIR)$(bindir)/guild-env
	rm -rf $(DESTDIR)$(libexecdir)
	rm -f $(DESTDIR)$(mandir)/man1/guild.1 $(DESTDIR)$(mandir)/man1/guild-*.1 \
		$(DESTDIR)$(mandir)/man1/guildfs.1 $(DESTDIR)$(mandir)/man5/guildfs.5
	rm -f $(patsubst $(BUILD)/systemd/%,$(DESTDIR)$(unitdir)/%,$(unit_files))

clean: ## remove $(BUILD) and the sanitizer builds
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-tsan $(BUILD)-fuzz
