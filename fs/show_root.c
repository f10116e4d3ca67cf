/* SPDX-License-Identifier: MIT */
/* The skeleton: what the mount says of itself. */
#include "show.h"

#include "errors.h"
#include "guildfs.h"
#include "scope.h"
#include "run/home.h"

void root_readme(const struct place *p, struct buf *b)
{
	const char *at = p->fs->mountpoint;

	buf_printf(b,
		"Experiments as files. This is %s; runs are kept in %s.\n"
		"\n"
		"  models/MODEL/operations/OP/   what can be run: cat help, flags, cmd\n"
		"  operations/OP                 the same operations, by name\n"
		"  packages/PACKAGE/             what is installed: its models, operations\n"
		"  runs/ID/                      every run: cat status, flags, output; ls files\n"
		"  runs/latest                   the newest run; also runs/<first digits of an "
		"id>\n"
		"  index.tsv                     every run in a row: flags, scalars; also in OP/\n"
		"  index.html                    the newest 1,000 for a browser, with curves\n"
		"  tensorboard/                  for tensorboard --logdir %s/tensorboard\n"
		"  by/FACET/VALUE/               runs by status, operation, model, label, tag,\n"
		"                                day, batch; by/flag/NAME/VALUE/\n"
		"  where/EXPRESSION/             runs that a filter selects: 'where/loss < 0.5'\n"
		"                                (a / in it is %%2F: 'where/train%%2Floss < 0.5')\n"
		"  trash/                        deleted runs\n"
		"  errors                        why writes were refused; faults of Guild files\n"
		"\n"
		"Start a run by writing its flags (those left out keep their defaults):\n"
		"  echo 'epochs: 5' > %s/models/MODEL/operations/OP/flags\n"
		"  echo > .../flags              all defaults (': > .../flags' starts nothing)\n"
		"  echo 'epochs: [5, 9]' > .../flags   a batch: one run for each; runs/ID/trials\n"
		"  echo '$optimizer=tpe rate=[0.1:1.0]' > .../flags    a search for the best\n"
		"  echo 'epochs: 5' > .../stage  the run waits until: echo start > runs/ID/ctl\n"
		"  cp fast.yml .../OP/           a flags file; its name labels the run\n"
		"  cp runs/ID/flags .../flags    repeats a run\n"
		"When a write is refused: cat .../OP/error\n"
		"\n"
		"Follow it:    tail -f %s/runs/latest/output\n"
		"Hear of all:  cat %s/events              (what starts, ends and changes, as it "
		"comes)\n"
		"Wait for it:  cat %s/runs/latest/wait    (prints the exit status)\n"
		"End it:       echo stop > %s/runs/latest/ctl    (or kill; restart runs it again)\n"
		"Note it:      echo 'my best' > runs/ID/label; echo tag >> runs/ID/tags;\n"
		"              echo text >> runs/ID/comments; echo yes > runs/ID/marked\n"
		"Delete it:    rmdir runs/ID    (mv trash/ID runs/ restores, rmdir trash/ID "
		"purges)\n"
		"\n"
		"Unmount:      guild unmount %s    (runs go on)\n",
		at, p->fs->home->path, at, at, at, at, at, at, at);
}

bool always_exists(const struct place *p)
{
	(void)p;
	return true;
}

/* Guild AI, too, takes a directory with such a file for none of the project's own. */
void root_nocopy(const struct place *p, struct buf *b)
{
	(void)p;
	buf_puts(b, "This directory is not copied with the source code of runs.\n");
}

void root_errors(const struct place *p, struct buf *b)
{
	/* A Guild file that broke just now is one of them. */
	for (unsigned i = 0; i < p->fs->n_projects; i++)
		scope_refresh(p->fs, i);
	errors_print(p->fs->errors, b);
}
