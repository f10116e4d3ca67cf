/* SPDX-License-Identifier: MIT */
/*
 * guild man-pages DIR: writes a manual page for the program and one for each command, from the
 * tables that parsing and --help are made from. Called by `make`, not by people.
 */
#include "guild.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/roff.h"

static const char environment_text[] =
	"GUILD_HOME is the Guild home, which holds the runs. GUILD_PYTHON_EXE is the Python of "
	"runs. "
	"GUILD_SAMPLE_SECONDS says how often a run's system is sampled, 0 for never.";

static void add_options(struct buf *b, const struct option_def *defs)
{
	for (; defs->name || defs->more; defs++) {
		_cleanup_buf_ struct buf term = BUF_INIT;

		if (defs->more) {
			add_options(b, defs->more);
			continue;
		}
		buf_printf(&term, "%s%s%s%s%s", defs->short_name ? defs->short_name : "",
			defs->short_name ? ", " : "", defs->name, defs->value ? " " : "",
			defs->value ? defs->value : "");
		roff_item(b, buf_str(&term), defs->help);
	}
}

/* guild-runs-list, guild-run. */
static void page_name(struct buf *b, const struct command *c)
{
	buf_printf(b, "guild-%s%s%s", c->group ? c->group : "", c->group ? "-" : "", c->name);
}

/* A summary within a sentence begins with a small letter. */
static void add_about(struct buf *b, const char *summary)
{
	size_t at = b->len;

	buf_puts(b, summary);
	if (b->len > at + 1 && b->data[at + 1] >= 'a' && b->data[at + 1] <= 'z')
		b->data[at] |= 0x20;
}

static void add_see_also(struct buf *b, const struct command *but)
{
	_cleanup_buf_ struct buf names = BUF_INIT;
	size_t n;
	const struct command *const *all = guild_commands(&n);

	buf_puts(&names, "guild(1), guildfs(5)");
	for (size_t i = 0; but && i < n; i++) {
		const struct command *c = all[i];
		bool same = but->group ? c->group && strcmp(c->group, but->group) == 0 : false;

		if (c == but || !c->summary || !same)
			continue;
		buf_puts(&names, ", ");
		page_name(&names, c);
		buf_puts(&names, "(1)");
	}
	roff_section(b, "SEE ALSO");
	roff_paragraph(b, buf_str(&names));
}

static void command_page(struct buf *b, const struct command *c)
{
	_cleanup_buf_ struct buf name = BUF_INIT, about = BUF_INIT, usage = BUF_INIT,
				 text = BUF_INIT;

	page_name(&name, c);
	add_about(&about, c->summary);
	buf_printf(&usage, "guild %s", c->usage);
	buf_printf(&text, "%s.", c->summary);
	roff_begin(b, buf_str(&name), 1, buf_str(&about));
	roff_section(b, "SYNOPSIS");
	roff_paragraph(b, buf_str(&usage));
	roff_section(b, "DESCRIPTION");
	roff_paragraph(b, buf_str(&text));
	roff_section(b, "OPTIONS");
	add_options(b, c->options);
	roff_item(b, "--help", "the same in short");
	roff_section(b, "EXIT STATUS");
	roff_paragraph(b,
		"0; 1 after an error; 2 for a wrong command line; 4 when a question was "
		"answered with no. A run's own status where the command waits for a run.");
	add_see_also(b, c);
}

static void program_page(struct buf *b)
{
	size_t n;
	const struct command *const *all = guild_commands(&n);

	roff_begin(b, "guild", 1, "experiments as files: run operations, list and compare runs");
	roff_section(b, "SYNOPSIS");
	roff_paragraph(b, "guild [OPTION]... COMMAND [ARG]...");
	roff_paragraph(b, "guild OPERATION [MODEL] [FLAG=VALUE]...");
	roff_section(b, "DESCRIPTION");
	roff_paragraph(b,
		"Runs the operations that a project's guild.yml defines, and keeps of each run "
		"command, flags, output, metrics and files. OPERATION that is no command is "
		"run: guild train digits is guild run digits:train. The same is a tree of "
		"files where it is mounted, see guildfs(5).");
	roff_section(b, "OPTIONS");
	add_options(b, guild_options);
	roff_item(b, "--help", "the same in short");
	roff_section(b, "COMMANDS");
	for (size_t i = 0; i < n; i++) {
		_cleanup_buf_ struct buf term = BUF_INIT;

		if (!all[i]->summary)
			continue;
		page_name(&term, all[i]);
		buf_puts(&term, "(1)");
		roff_item(b, buf_str(&term), all[i]->summary);
	}
	roff_section(b, "ENVIRONMENT");
	roff_paragraph(b, environment_text);
	add_see_also(b, NULL);
}

static int write_page(const char *dir, const char *name, const struct buf *page)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r = buf_error(page);

	buf_printf(&path, "%s/%s.1", dir, name);
	if (r == 0)
		r = file_write(AT_FDCWD, buf_str(&path), page->data, page->len, 0644, FILE_NOSYNC);
	return r < 0 ? complain("cannot write %s: %s", buf_str(&path), strerror(-r)) : EXIT_OK;
}

static int man_pages(struct guild *g, void *options, const struct strv *args)
{
	_cleanup_buf_ struct buf program = BUF_INIT;
	size_t n;
	const struct command *const *all = guild_commands(&n);
	int status;

	(void)g, (void)options;
	if (args->n != 1)
		return complain("man-pages takes the directory that they are written to");
	program_page(&program);
	status = write_page(args->v[0], "guild", &program);
	for (size_t i = 0; status == EXIT_OK && i < n; i++) {
		_cleanup_buf_ struct buf page = BUF_INIT, name = BUF_INIT;

		if (!all[i]->summary)
			continue;
		page_name(&name, all[i]);
		command_page(&page, all[i]);
		status = write_page(args->v[0], buf_str(&name), &page);
	}
	return status;
}

static const struct option_def no_options[] = {{0}};

const struct command cmd_man = {
	.name = "man-pages",
	.usage = "man-pages DIR",
	.options = no_options,
	.options_size = 1,
	.run = man_pages,
};
