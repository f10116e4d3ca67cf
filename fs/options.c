/* SPDX-License-Identifier: MIT */
/* The table of options, their help, and mount(8)'s way to give them. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "tree.h"
#include "base/cleanup.h"
#include "base/roff.h"

#define USAGE "guildfs [-f] [-d] [-C DIR]... [-H HOME] [-o OPTION[,...]] [HOME] MOUNTPOINT"

static const struct {
	const char *option, *help;
} usage_options[] = {
	{"-C DIR", "show the project in DIR (repeatable; default: the current directory)"},
	{"-H HOME", "Guild home (default: as `guild` finds it)"},
	{"-o OPTION", "project=DIR, as -C; executor=NAME, of operations that name none; or a mount "
		      "option, such as allow_other"},
	{"-f", "stay in the foreground"},
	{"-d", "foreground, and print every request"},
	{"--help", "this text"},
	{"--version", "print the version"},
};

static void print_usage(FILE *to)
{
	fputs("Usage: " USAGE "\n\n", to);
	for (size_t i = 0; i < ARRAY_SIZE(usage_options); i++)
		fprintf(to, "  %-10s %s\n", usage_options[i].option, usage_options[i].help);
}

void options_print_man(struct buf *b)
{
	roff_begin(b, "guildfs", 1, "mounts a Guild project and its runs as files");
	roff_section(b, "SYNOPSIS");
	roff_paragraph(b, USAGE);
	roff_section(b, "DESCRIPTION");
	roff_paragraph(b,
		"Serves the tree that guildfs(5) describes. guild-mount(1) starts it and returns "
		"when the mount answers; guild-unmount(1) and umount(8) end it. Runs go on "
		"without it.");
	roff_section(b, "OPTIONS");
	for (size_t i = 0; i < ARRAY_SIZE(usage_options); i++)
		roff_item(b, usage_options[i].option, usage_options[i].help);
	roff_section(b, "FSTAB");
	roff_paragraph(b,
		"mount(8) starts it for the type fuse.guildfs, when it is in /usr/bin or "
		"/usr/local/bin; elsewhere it needs a link to it, /sbin/mount.fuse.guildfs. The "
		"first field of a line is the Guild home, or the word guildfs for the one that "
		"`guild` finds; projects are options:");
	roff_example(
		b, "/srv/guild /guild fuse.guildfs allow_other,project=/srv/digits,nofail 0 0");
	roff_section(b, "SERVICE");
	roff_paragraph(b,
		"The units guildfs@.service, for the system and for a user, mount as a service. "
		"The instance is the mount point: as systemd-escape(1) -p writes it for the "
		"system, a name in the home directory for a user. The Guild home, and what else "
		"guild-mount(1) is to be told, is added by `systemctl edit guildfs@INSTANCE`:");
	roff_example(b, "[Service]\n"
			"Environment=GUILD_HOME=/srv/guild\n"
			"Environment=\"GUILDFS_OPTIONS=-C /srv/digits -o allow_other\"");
	roff_paragraph(b,
		"Runs go on when the service is stopped or restarted. A user's runs end with his "
		"last session unless `loginctl enable-linger` lets his services stay.");
	roff_section(b, "MESSAGES");
	roff_paragraph(b,
		"They go to stderr until the mount answers, and with -f; then to syslog, which "
		"the journal keeps. Refused writes are among them. Of a flood only the first of "
		"each half minute are told, and the number of the others.");
	roff_section(b, "SEE ALSO");
	roff_paragraph(b, "guild(1), guildfs(5), mount.fuse3(8), fstab(5)");
}

/* --- mount options -------------------------------------------------------- */

/* What tells mount(8), not the file system; it is passed on to mount helpers all the same. */
static bool is_for_mount(const char *option)
{
	static const char *const names[] = {"_netdev", "auto", "defaults", "group", "noauto",
		"nofail", "nouser", "owner", "user", "users"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(option, names[i]) == 0)
			return true;
	return strncmp(option, "x-", 2) == 0 || strncmp(option, "user=", 5) == 0 ||
	       strncmp(option, "comment=", 8) == 0;
}

static int add_option(struct options *o, const char *option)
{
	if (strncmp(option, "project=", 8) == 0)
		return strv_add(&o->projects, option + 8);
	if (strncmp(option, "executor=", 9) == 0) {
		free(o->executor);
		o->executor = strdup(option + 9);
		return o->executor ? 0 : -ENOMEM;
	}
	if (is_for_mount(option))
		return 0;
	o->shared |= strcmp(option, "allow_other") == 0;
	return strv_add(&o->mount, option);
}

/* A comma that belongs to an option has a backslash before it, as for libfuse. */
static int add_options(struct options *o, const char *text)
{
	_cleanup_buf_ struct buf option = BUF_INIT;
	int r = 0;

	for (const char *p = text; r == 0; p++) {
		if (*p == '\\' && p[1]) {
			buf_putc(&option, *++p);
		} else if (*p && *p != ',') {
			buf_putc(&option, *p);
		} else {
			r = buf_error(&option);
			if (r == 0 && option.len)
				r = add_option(o, buf_str(&option));
			buf_clear(&option);
			if (!*p)
				break;
		}
	}
	return r;
}

/* [SOURCE] MOUNTPOINT. A source that is no path names the file system, not the home. */
static int take_places(struct options *o, int n, char **v)
{
	if (n < 1 || n > 2)
		return print_usage(stderr), 1;
	o->mountpoint = v[n - 1];
	if (n == 1)
		return -1;
	o->source = v[0];
	if (strchr(o->source, '/'))
		o->home = o->source;
	else if (strcmp(o->source, "guildfs") != 0)
		return complain("%s: the home is given by its path; the word for the one that "
				"`guild` finds is guildfs",
			o->source);
	return -1;
}

/* For the golden test and for `make`. */
static int print(void (*what)(struct buf *b))
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	tree_init();
	what(&b);
	fputs(buf_str(&b), stdout);
	return fflush(stdout) || buf_error(&b) ? 1 : 0;
}

int options_parse(struct options *o, int argc, char **argv)
{
	enum { OPT_TREE = 256, OPT_TREE_MAN, OPT_MAN, OPT_HELP, OPT_VERSION };
	static const struct option longs[] = {
		{"print-tree", no_argument, NULL, OPT_TREE},
		{"print-tree-man", no_argument, NULL, OPT_TREE_MAN},
		{"print-man", no_argument, NULL, OPT_MAN},
		{"help", no_argument, NULL, OPT_HELP},
		{"version", no_argument, NULL, OPT_VERSION},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "fdC:H:o:t:", longs, NULL)) != -1) {
		if (c == OPT_TREE)
			return print(tree_print);
		if (c == OPT_TREE_MAN)
			return print(tree_print_man);
		if (c == OPT_MAN)
			return print(options_print_man);
		if (c == OPT_HELP)
			return print_usage(stdout), 0;
		if (c == OPT_VERSION)
			return printf("guildfs %s\n", GUILDFS_VERSION) < 0;
		if (c == '?')
			return print_usage(stderr), 1;
		if ((c == 'C' && strv_add(&o->projects, optarg) < 0) ||
			(c == 'o' && add_options(o, optarg) < 0))
			return complain("out of memory");
		if (c == 'H')
			o->home = optarg;
		o->debug |= c == 'd';
		o->foreground |= c == 'f' || c == 'd';
	}
	return take_places(o, argc - optind, argv + optind);
}

void options_release(struct options *o)
{
	free(o->executor);
	strv_release(&o->projects);
	strv_release(&o->mount);
}
