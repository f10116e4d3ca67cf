/* SPDX-License-Identifier: MIT */
/*
 * What is worth knowing of a run but not worth waiting for: the commit of its project, and the
 * packages that its Python has. A process of its own, at low priority, that may outlive the run.
 */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "base/output_of.h"
#include "run/attr.h"
#include "run/source_git.h"

enum { NICE = 10 };

/* One NAME==VERSION line for each installed distribution. */
#define LIST_PACKAGES                                                                              \
	"import importlib.metadata as m\n"                                                         \
	"for n, v in sorted({(d.metadata['Name'], d.version) for d in m.distributions()"           \
	" if d.metadata['Name']}, key=lambda x: x[0].lower()): print(f'{n}=={v}')"

void gather_commit(const struct supervisor *s)
{
	_cleanup_buf_ struct buf commit = BUF_INIT;
	_cleanup_value_ struct value *v = NULL;

	/* Of the time when the source code was copied, which a staged run's start is not. */
	if (attr_exists(s->run_fd, "vcs_commit") || !s->project.len ||
		env_is_on(s, "NO_VCS_COMMIT") ||
		source_git_commit(buf_str(&s->project), &commit) < 0)
		return;
	v = value_string(buf_str(&commit));
	if (v)
		attr_write(s->run_fd, "vcs_commit", v, FILE_NOSYNC);
}

static void gather_packages(const struct supervisor *s)
{
	const char *const argv[] = {s->argv.v[0], "-c", LIST_PACKAGES, NULL};
	_cleanup_buf_ struct buf out = BUF_INIT;
	_cleanup_value_ struct value *list = value_list();
	int r = list ? output_of(argv, NULL, &out) : -ENOMEM;

	for (const char *line = buf_str(&out); r == 0 && *line;) {
		size_t len = strcspn(line, "\n");

		r = value_list_add(list, value_string_len(line, len));
		line += len + (line[len] == '\n');
	}
	if (r == 0)
		attr_write(s->run_fd, "pip_freeze", list, FILE_NOSYNC);
}

static bool wants_packages(const struct supervisor *s)
{
	const struct value *freeze = value_get(value_get(s->op, "guildfs"), "pip-freeze");

	return !freeze || freeze->type == VALUE_NULL || value_truthy(freeze);
}

static bool runs_python(const struct supervisor *s)
{
	return s->argv.n > 2 && strcmp(s->argv.v[2], "guild.op_main") == 0;
}

void gather_beside(const struct supervisor *s)
{
	sigset_t none;
	pid_t pid = fork();

	if (pid != 0)
		return;
	/* Not this process keeps the run alive. */
	close(s->lock_fd);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	setpriority(PRIO_PROCESS, 0, NICE);
	gather_commit(s);
	if (runs_python(s) && wants_packages(s) && !env_is_on(s, "NO_PIP_FREEZE"))
		gather_packages(s);
	_exit(0);
}
