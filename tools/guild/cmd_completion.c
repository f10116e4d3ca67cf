/* SPDX-License-Identifier: MIT */
/* guild completion: scripts that make shells ask `guild complete`, and installing them. */
#include "guild.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/name.h"
#include "base/shell.h"
#include "run/user_config.h"

enum { INIT_MAX = 16 << 20 };

struct completion_options {
	const char *shell, *init;
	bool install;
};

#define OPTION(member, n, s, v, h, k)                                                              \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct completion_options, member)                              \
	}

static const struct option_def completion_options[] = {
	OPTION(shell, "--shell", "-s", "NAME", "bash, zsh or fish; by default the one in $SHELL",
		OPTION_VALUE),
	OPTION(init, "--shell-init", NULL, "PATH", "the file that --install adds a line to",
		OPTION_VALUE),
	OPTION(install, "--install", "-i", NULL, "install it for the shells to come", OPTION_FLAG),
	{0},
};

static const char bash_script[] =
	"#-*-shell-script-*-\n"
	"_guild_complete() {\n"
	"\tlocal line word\n"
	"\tCOMPREPLY=()\n"
	"\twhile IFS= read -r line; do\n"
	"\t\tword=${line%%$'\\t'*}\n"
	"\t\tcase $word in\n"
	"\t\t:files) compopt -o default ;;\n"
	"\t\t:dirs) compopt -o dirnames ;;\n"
	"\t\t*=) compopt -o nospace; COMPREPLY+=(\"$word\") ;;\n"
	"\t\t*) COMPREPLY+=(\"$word\") ;;\n"
	"\t\tesac\n"
	"\tdone < <(\"$1\" complete --line \"${COMP_LINE:0:COMP_POINT}\" \\\n"
	"\t\t--breaks \"$COMP_WORDBREAKS\" 2>/dev/null)\n"
	"}\n"
	"complete -F _guild_complete guild\n";

static const char zsh_script[] =
	"#-*-shell-script-*-\n"
	"_guild_complete() {\n"
	"\tlocal line word\n"
	"\tlocal -a described open\n"
	"\twhile IFS= read -r line; do\n"
	"\t\tword=${line%%$'\\t'*}\n"
	"\t\tcase $word in\n"
	"\t\t:files) _files; return ;;\n"
	"\t\t:dirs) _files -/; return ;;\n"
	"\t\t*=) open+=(\"$word\") ;;\n"
	"\t\t*)\n"
	"\t\t\tif [[ $line == *$'\\t'* ]]; then\n"
	"\t\t\t\tdescribed+=(\"${word//:/\\\\:}:${line#*$'\\t'}\")\n"
	"\t\t\telse\n"
	"\t\t\t\tdescribed+=(\"${word//:/\\\\:}\")\n"
	"\t\t\tfi\n"
	"\t\t\t;;\n"
	"\t\tesac\n"
	"\tdone < <(\"${words[1]}\" complete -- \"${(@Q)words[2,CURRENT]}\" 2>/dev/null)\n"
	"\t(( $#open )) && compadd -S '' -a open\n"
	"\t(( $#described )) && _describe guild described\n"
	"}\n"
	"(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }\n"
	"compdef _guild_complete guild\n";

static const char fish_script[] =
	"#-*-shell-script-*-\n"
	"function __guild_complete\n"
	"\tset -l words (commandline -opc)\n"
	"\tset -l current (commandline -ct)\n"
	"\tfor line in ($words[1] complete -- $words[2..-1] \"$current\" 2>/dev/null)\n"
	"\t\tswitch $line\n"
	"\t\t\tcase :files\n"
	"\t\t\t\t__fish_complete_path \"$current\"\n"
	"\t\t\tcase :dirs\n"
	"\t\t\t\t__fish_complete_directories \"$current\"\n"
	"\t\t\tcase '*'\n"
	"\t\t\t\techo $line\n"
	"\t\tend\n"
	"\tend\n"
	"end\n"
	"complete -c guild -f -a '(__guild_complete)'\n";

static const struct shell {
	const char *name, *script;
	const char *init; /* below $HOME */
	bool backup;
	const char *line; /* %1$s is the script */
} shells[] = {
	{"bash", bash_script, ".bashrc", true,
		"[ -s %1$s ] && . %1$s  # Enable completion for guild"},
	{"zsh", zsh_script, ".zshrc", true,
		"[[ -s %1$s ]] && . %1$s  # Enable completion for guild"},
	{"fish", fish_script, ".config/fish/completions/guild.fish", false,
		"test -s %1$s ;and . %1$s"},
};

static const struct shell *find_shell(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
		if (strcmp(shells[i].name, name) == 0)
			return &shells[i];
	return NULL;
}

static int choose_shell(const struct completion_options *o, const struct shell **ret)
{
	const char *own = getenv("SHELL"), *slash = own ? strrchr(own, '/') : NULL;

	if (o->shell) {
		*ret = find_shell(o->shell);
		if (*ret)
			return EXIT_OK;
		complain("Invalid value for '-s' / '--shell': '%s' is not one of 'bash', 'zsh', "
			 "'fish'.\nTry 'guild completion --help' for more information.",
			o->shell);
		return EXIT_USAGE;
	}
	*ret = find_shell(slash ? slash + 1 : own ? own : "");
	return *ret ? EXIT_OK
		    : complain("unsupported shell: %s; use --shell with bash, zsh or fish",
			      own && *own ? own : "$SHELL is not set");
}

/* --- installing ----------------------------------------------------------- */

static int write_file(const char *path, const char *text, size_t len)
{
	int r = file_mkdirs_above(AT_FDCWD, path, 0777);

	if (r == 0)
		r = file_write(AT_FDCWD, path, text, len, 0644, FILE_SYNC);
	return r < 0 ? complain("cannot write %s: %s", path, strerror(-r)) : EXIT_OK;
}

/* The first PATH.guild-backup.N that is free. */
static int back_up(const char *path)
{
	for (unsigned n = 1;; n++) {
		_cleanup_buf_ struct buf copy = BUF_INIT, shown = BUF_INIT, shown_copy = BUF_INIT;
		int r;

		buf_printf(&copy, "%s.guild-backup.%u", path, n);
		r = file_copy(AT_FDCWD, path, AT_FDCWD, buf_str(&copy));
		if (r == -EEXIST)
			continue;
		if (r < 0)
			return complain("cannot write %s: %s", buf_str(&copy), strerror(-r));
		name_user_path(&shown, path);
		name_user_path(&shown_copy, buf_str(&copy));
		fprintf(stderr, "Backing up %s to %s\n", buf_str(&shown), buf_str(&shown_copy));
		return EXIT_OK;
	}
}

/* 0: no line of it has the text. */
static size_t find_line(const char *text, const char *what, struct buf *ret_line)
{
	size_t n = 1;

	for (const char *line = text; *line; n++) {
		size_t len = strcspn(line, "\n");
		_cleanup_free_ char *copy = strndup(line, len);

		if (copy && strstr(copy, what)) {
			buf_puts(ret_line, copy);
			return n;
		}
		line += len + (line[len] == '\n');
	}
	return 0;
}

static int add_to_init(const struct shell *shell, const char *init, const char *script)
{
	_cleanup_buf_ struct buf text = BUF_INIT, call = BUF_INIT, line = BUF_INIT,
				 shown = BUF_INIT, real = BUF_INIT;
	int r = file_exists(AT_FDCWD, init) ? EXIT_OK : -ENOENT;
	_cleanup_free_ char *target = realpath(init, NULL);
	size_t n;

	/* A link to one that is kept elsewhere stays a link. */
	buf_puts(&real, target ? target : init);
	if (r == EXIT_OK)
		r = file_read(AT_FDCWD, buf_str(&real), INIT_MAX, &text);
	if (r < 0 && r != -ENOENT)
		return complain("cannot read %s: %s", init, strerror(-r));
	name_user_path(&shown, init);
	buf_printf(&call, ". %s", script);
	n = find_line(buf_str(&text), buf_str(&call), &line);
	if (n) {
		fprintf(stderr, "Guild completion is already installed in %s (line %zu):\n  %s\n",
			buf_str(&shown), n, buf_str(&line));
		return EXIT_OK;
	}
	if (r == 0 && shell->backup && back_up(buf_str(&real)) != EXIT_OK)
		return EXIT_ERROR;
	fprintf(stderr, "Updating %s to support Guild command completion\n", buf_str(&shown));
	if (text.len)
		buf_putc(&text, '\n');
	buf_replace(&text, shell->line, "%1$s", script);
	buf_putc(&text, '\n');
	r = write_file(buf_str(&real), buf_str(&text), text.len);
	if (r == EXIT_OK)
		puts("Guild command completion is installed - changes will take effect the next "
		     "time you open a terminal session");
	return r;
}

/* A path as a shell takes it: with ~ where nothing needs quotes, which would keep it from meaning
 * the home. */
static void print_word(const char *path, const char *with_tilde, struct buf *b)
{
	_cleanup_buf_ struct buf quoted = BUF_INIT;

	shell_quote(&quoted, path);
	buf_puts(b, strcmp(buf_str(&quoted), path) == 0 ? with_tilde : buf_str(&quoted));
}

static int install(struct guild *g, const struct completion_options *o, const struct shell *shell)
{
	const char *user_home = getenv("HOME");
	_cleanup_buf_ struct buf name = BUF_INIT, script = BUF_INIT, shown = BUF_INIT,
				 init = BUF_INIT, word = BUF_INIT;
	int r = guild_open_home(g);

	if (r != EXIT_OK)
		return r;
	buf_printf(&name, "%s_completion", shell->name);
	user_config_beside(g->home, g->cwd, buf_str(&name), &script);
	name_user_path(&shown, buf_str(&script));
	fprintf(stderr, "Writing completion script to %s\n", buf_str(&shown));
	r = write_file(buf_str(&script), shell->script, strlen(shell->script));
	if (o->init)
		buf_puts(&init, o->init);
	else
		buf_printf(&init, "%s/%s", user_home ? user_home : "", shell->init);
	if (r != EXIT_OK)
		return r;
	print_word(buf_str(&script), buf_str(&shown), &word);
	return add_to_init(shell, buf_str(&init), buf_str(&word));
}

static int completion(struct guild *g, void *options, const struct strv *args)
{
	const struct completion_options *o = options;
	const struct shell *shell;
	int r;

	if (guild_no_arguments(args) != EXIT_OK)
		return EXIT_USAGE;
	r = choose_shell(o, &shell);
	if (r != EXIT_OK)
		return r;
	if (o->install)
		return install(g, o, shell);
	fputs(shell->script, stdout);
	return EXIT_OK;
}

const struct command cmd_completion = {
	.name = "completion",
	.usage = "completion [OPTION]...",
	.summary = "Print or install completion for a shell",
	.options = completion_options,
	.options_size = sizeof(struct completion_options),
	.run = completion,
};
