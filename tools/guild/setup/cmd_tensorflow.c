/* SPDX-License-Identifier: MIT */
/* guild tensorflow inspect: what the TensorFlow of the Python that runs have reads in a file. */
#include "guild.h"

#include <stddef.h>
#include <string.h>

#include "term/child.h"
#include "base/libexec.h"

struct inspect_options {
	const char *tensor_name;
	bool all_tensors, all_tensor_names;
};

#define OPTION(member, n, v, h, k)                                                                 \
	{                                                                                          \
		.name = n, .value = v, .help = h, .kind = k,                                       \
		.offset = offsetof(struct inspect_options, member)                                 \
	}

static const struct option_def inspect_options[] = {
	OPTION(tensor_name, "--tensor-name", "NAME", "the value of this tensor", OPTION_VALUE),
	OPTION(all_tensors, "--all-tensors", NULL, "the values of all tensors", OPTION_FLAG),
	OPTION(all_tensor_names, "--all-tensor-names", NULL, "the names of all tensors",
		OPTION_FLAG),
	{0},
};

static int inspect(struct guild *g, void *options, const struct strv *args)
{
	const struct inspect_options *o = options;
	_cleanup_buf_ struct buf python = BUF_INIT, script = BUF_INIT;
	int r;

	if (args->n != 1) {
		complain("one PATH is needed: of a checkpoint, or of a graph (.pb)");
		return EXIT_USAGE;
	}
	if (guild_find_python(g, &python) != EXIT_OK)
		return EXIT_ERROR;
	r = libexec_dir(&script);
	buf_puts(&script, "/python/guild/inspect_tensorflow.py");
	if (r == 0)
		r = buf_error(&script);
	if (r == 0) {
		const char *const argv[] = {buf_str(&python), buf_str(&script), args->v[0],
			o->tensor_name ? o->tensor_name : "", o->all_tensors ? "1" : "",
			o->all_tensor_names ? "1" : "", NULL};

		r = run_child(argv, g->cwd);
	}
	return r < 0 ? complain("cannot run %s: %s", buf_str(&python), strerror(-r)) : r;
}

const struct command cmd_tensorflow_inspect = {
	.group = "tensorflow",
	.name = "inspect",
	.usage = "tensorflow inspect [OPTION]... PATH",
	.summary = "List the tensors of a TensorFlow checkpoint, or the operations of a graph",
	.options = inspect_options,
	.options_size = sizeof(struct inspect_options),
	.run = inspect,
};
