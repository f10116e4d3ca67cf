/* SPDX-License-Identifier: MIT */
/* Frameworks are told by what a program imports and calls. */
#include "project/framework.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/regex.h"
#include "project/main_module.h"

enum { PROGRAM_MAX = 4 << 20 };

/* "loss: 0.5", "loss: 0.5 (step 10)" */
const char *const default_output_scalars[] = {
	"^\\key:\\s+\\value\\s+\\((?:step\\s+)?(?P<step>\\step)\\)$",
	"^(\\key):\\s+(\\value)(?:\\s+\\(.*\\))?$",
	NULL,
};

/* "Epoch 1/3", "313/313 [===] - 1s - loss: 0.5 - accuracy: 0.9" */
static const char *const keras_output_scalars[] = {
	"Epoch (?P<step>[0-9]+)",
	" - ([a-z_]+): (\\value)",
	"Test loss: (?P<test_loss>\\value)",
	"Test accuracy: (?P<test_accuracy>\\value)",
	NULL,
};

static const struct framework {
	const char *imports, *calls; /* in lines of a program */
	const char *const *patterns;
} frameworks[] = {
	{
		"(?m)^[ \\t]*(?:from[ \\t]+|import[ \\t]+(?:[\\w.]+(?:[ \\t]+as[ \\t]+\\w+)?"
		"[ \\t]*,[ \\t]*)*)(?:keras|tensorflow)",
		"(?m)^(?![ \\t]*def\\b)[^#\\n]*\\b(?:fit|predict)[ \\t]*\\(",
		keras_output_scalars,
	},
};

static const struct framework *framework_of(const char *program)
{
	for (size_t i = 0; i < ARRAY_SIZE(frameworks); i++)
		if (regex_matches(frameworks[i].imports, program) &&
			regex_matches(frameworks[i].calls, program))
			return &frameworks[i];
	return NULL;
}

static int add_patterns(struct value *list, const char *const *patterns)
{
	int r = 0;

	for (; r == 0 && *patterns; patterns++)
		r = value_list_add(list, value_string(*patterns));
	return r;
}

struct value *framework_output_scalars(const struct operation *op)
{
	_cleanup_main_module_ struct main_module module = {0};
	_cleanup_buf_ struct buf program = BUF_INIT;
	_cleanup_value_ struct value *list = NULL;
	const struct framework *framework;

	if (main_module_find(op, &module) < 0 || !module.path ||
		file_read(AT_FDCWD, module.path, PROGRAM_MAX, &program) < 0)
		return NULL;
	framework = framework_of(buf_str(&program));
	list = framework ? value_list() : NULL;
	if (!list || add_patterns(list, framework->patterns) < 0 ||
		add_patterns(list, default_output_scalars) < 0)
		return NULL;
	return STEAL(list);
}
