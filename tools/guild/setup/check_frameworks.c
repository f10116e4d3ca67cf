/* SPDX-License-Identifier: MIT */
/* guild check --tensorflow, --pytorch, --r-script: what others say of themselves. */
#include "setup/check.h"

#include <string.h>

#include "base/output_of.h"
#include "base/regex.h"
#include "project/command.h"

/* Each prints lines NAME VALUE. */
static const char tensorflow_script[] =
	"import os, re\n"
	"os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')\n"
	"try:\n"
	"    import tensorflow as tf\n"
	"except ImportError as e:\n"
	"    print('tensorflow_version not installed'\n"
	"          + ('' if e.name == 'tensorflow' else ' (%s)' % e))\n"
	"else:\n"
	"    print('tensorflow_version', tf.__version__)\n"
	"    cuda = tf.test.is_built_with_cuda()\n"
	"    print('tensorflow_cuda_support', 'yes' if cuda else 'no')\n"
	"    gpus = tf.config.list_physical_devices('GPU')\n"
	"    print('tensorflow_gpu_available', 'yes' if gpus else\n"
	"          'NO (CUDA support is enabled but GPU is not available)' if cuda else 'no')\n"
	"maps = open('/proc/self/maps').read()\n"
	"for name in ('libcuda', 'libcudnn'):\n"
	"    found = re.search(name + r'\\.so\\.(\\S+)', maps)\n"
	"    print(name + '_version', found.group(1) if found else 'not loaded')\n";

static const char pytorch_script[] =
	"try:\n"
	"    import torch\n"
	"except ImportError as e:\n"
	"    print('pytorch_version not installed'\n"
	"          + ('' if e.name == 'torch' else ' (%s)' % e))\n"
	"else:\n"
	"    cuda = torch.cuda\n"
	"    print('pytorch_version', torch.__version__)\n"
	"    print('pytorch_cuda_version', torch.version.cuda)\n"
	"    print('pytorch_cuda_available', 'yes' if cuda.is_available() else 'no')\n"
	"    print('pytorch_cuda_devices', ', '.join(\n"
	"        '%s (%s)' % (cuda.get_device_name(i), i) for i in range(cuda.device_count()))\n"
	"        or 'none')\n";

static void print_lines(char *lines)
{
	for (char *line = lines, *end; *line; line = end) {
		char *space = strchr(line, ' ');

		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		if (space && space < end) {
			*space = '\0';
			check_print_row(line, space + 1);
		}
	}
}

static void ask_python(struct guild *g, const char *script, const char *version_row)
{
	_cleanup_buf_ struct buf exe = BUF_INIT, text = BUF_INIT;

	if (python_find(g->cwd, &g->env, &exe) == 0) {
		const char *const argv[] = {buf_str(&exe), "-c", script, NULL};

		if (output_of(argv, NULL, &text) == 0 && text.len) {
			print_lines(text.data);
			return;
		}
	}
	check_print_row(version_row, exe.len ? "unknown: its import fails" : "no Python");
}

void check_print_tensorflow(struct guild *g)
{
	ask_python(g, tensorflow_script, "tensorflow_version");
}

void check_print_pytorch(struct guild *g)
{
	ask_python(g, pytorch_script, "pytorch_version");
}

void check_print_r_script(struct guild *g)
{
	static const char *const argv[] = {"Rscript", "--version", NULL};
	_cleanup_regex_ struct regex *regex = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT, version = BUF_INIT;
	struct regex_match match = {0};

	if (output_of_env(argv, NULL, g->env.v, true, &text) < 0)
		buf_puts(&version, "not installed");
	else if (regex_compile("version (.*)", &regex, NULL) == 0 &&
		 regex_search(regex, buf_str(&text), &match))
		buf_add(&version, match.group[1].start, match.group[1].len);
	else
		buf_printf(&version, "unknown (%s)", buf_str(&text));
	check_print_row("rscript_version", buf_str(&version));
}
