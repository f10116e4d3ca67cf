/* SPDX-License-Identifier: MIT */
/* The parts of `guild check`. */
#ifndef SETUP_CHECK_H
#define SETUP_CHECK_H

#include <stdbool.h>

#include "guild.h"

/* "NAME:   VALUE", a line of what there is. */
void check_print_row(const char *name, const char *value);

/* What the Python that runs have says of TensorFlow and of PyTorch, and R of itself. */
void check_print_tensorflow(struct guild *g);
void check_print_pytorch(struct guild *g);
void check_print_r_script(struct guild *g);

struct check_tests {
	const struct strv *only; /* these; empty: all */
	const struct strv *skip;
	bool force; /* also what this machine seems to lack something for */
	bool fast;  /* the first failure ends it */
};

/*
 * Self tests, a line for each: whether the Guild home of `g` is sound, and whether runs work at
 * all, in a home and a project that are made for it and go away. EXIT_ERROR after a failure, with a
 * message.
 */
int check_run_tests(struct guild *g, const struct check_tests *tests);

#endif
