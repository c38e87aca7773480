# SPDX-License-Identifier: MIT
# Static analysis of core, app, protocol and f405; every finding ends the run. A tool that is missing
# is named and passed over. What is let pass stands, with its reason, beside this file.

LINTED   := $(wildcard $(HERE)core/*.c $(HERE)app/*.c) $(HERE)../protocol/wire.c
F405_C   := $(wildcard $(HERE)f405/*.c)
ON_HAND  := $(LINTED) $(F405_C)
FOR_HAND := -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard
CPPCHECK ?= cppcheck
TIDY     ?= clang-tidy-14
CLANG    ?= clang
# What is let pass was decided with these versions; others may see more, which is shown and ends
# nothing.
GCC_KNOWN      := 12
CPPCHECK_KNOWN := 2.10
NEWLIB   ?= /usr/include/newlib
DEFINED  := -DWIRE_SCHEMA_HASH=$(SCHEMA)u

# $(call have,TOOL,PACKAGE): ends the recipe's line quietly, with the reason, when it is missing.
have = command -v $(1) >/dev/null || { echo "lint: $(1) is missing: apt-get install $(2)"; exit 0; }

.PHONY: lint lint-gcc lint-clang lint-cppcheck lint-tidy
lint: lint-gcc lint-clang lint-cppcheck lint-tidy ## static analysis: gcc, clang, cppcheck with MISRA, clang-tidy

# Without __SSE2__ lanes.h is scalar, as on the hand: the analyzer of gcc 12 takes a vector's bits
# for the number of its elements.
lint-gcc:
	@echo "  lint gcc -fanalyzer"
	@test "$$($(CC) -dumpversion)" = $(GCC_KNOWN) || soft=-Wno-error; \
	for file in $(LINTED); do \
	    $(CC) $(SAME) $$soft $(WHERE) $(DEFINED) -U__SSE2__ -O1 -fanalyzer -c $$file \
	        -o /dev/null || exit 1; done
	@$(call have,$(ARM)gcc,gcc-arm-none-eabi); \
	test "$$($(ARM)gcc -dumpversion | cut -d. -f1)" = $(GCC_KNOWN) || soft=-Wno-error; \
	for file in $(F405_C); do \
	    $(ARM)gcc $(SAME) $$soft $(FOR_HAND) -mthumb $(WHERE) -iquote $(HERE)f405 $(DEFINED) \
	        -O1 -fanalyzer -c $$file -o /dev/null || exit 1; done

# A second compiler, for the host and, where newlib's headers are, for the hand's processor.
lint-clang:
	@$(call have,$(CLANG),clang); \
	echo "  lint clang"; \
	for file in $(LINTED); do \
	    $(CLANG) $(SAME) $(WHERE) $(DEFINED) -O2 -c $$file -o /dev/null || exit 1; done; \
	test -d $(NEWLIB) || { echo "lint: $(NEWLIB) is missing: apt-get install libnewlib-dev"; exit 0; }; \
	for file in $(ON_HAND); do \
	    $(CLANG) --target=arm-none-eabi $(FOR_HAND) \
	        -isystem $(NEWLIB) $(SAME) $(WHERE) -iquote $(HERE)f405 $(DEFINED) \
	        -O2 -c $$file -o /dev/null || exit 1; done

# A suppression that suppresses nothing is a finding, too.
lint-cppcheck:
	@$(call have,$(CPPCHECK),cppcheck); \
	echo "  lint cppcheck, MISRA C:2012"; status=0; \
	test "$$($(CPPCHECK) --version)" = "Cppcheck $(CPPCHECK_KNOWN)" && status=1; \
	$(CPPCHECK) --quiet --std=c11 --platform=unix32 --addon=misra --error-exitcode=$$status \
	    --enable=warning,performance,portability,style,information \
	    --suppress=missingIncludeSystem --suppressions-list=$(HERE)lint/misra.txt \
	    $(DEFINED) -I $(HERE)core -I $(HERE)../protocol -I $(HERE)app -I $(HERE)f405 $(ON_HAND)

lint-tidy:
	@$(call have,$(TIDY),clang-tidy-14); \
	echo "  lint $(TIDY)"; \
	$(TIDY) --quiet --config-file=$(HERE).clang-tidy $(LINTED) -- \
	    -std=c11 $(DEFINED) $(WHERE) 2>/dev/null
	@$(call have,$(TIDY),clang-tidy-14); \
	test -d $(NEWLIB) || { echo "lint: $(NEWLIB) is missing: apt-get install libnewlib-dev"; exit 0; }; \
	$(TIDY) --quiet --config-file=$(HERE).clang-tidy $(F405_C) -- --target=arm-none-eabi $(FOR_HAND) \
	    -isystem $(NEWLIB) -std=c11 $(DEFINED) $(WHERE) -iquote $(HERE)f405 2>/dev/null
