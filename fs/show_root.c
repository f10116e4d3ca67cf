/* SPDX-License-Identifier: MIT */
/* The skeleton: what the mount says of itself. */
#include "show.h"

#include "errors.h"
#include "guildfs.h"
#include "run/home.h"

void root_readme(const struct place *p, struct buf *b)
{
	const char *at = p->fs->mountpoint;

	buf_printf(b,
		"Experiments as files. This is %s; runs are kept in %s.\n"
		"\n"
		"  models/MODEL/operations/OP/   what can be run: cat help, flags, cmd\n"
		"  operations/OP                 the same operations, by name\n"
		"  runs/ID/                      every run: cat status, flags, output; ls files\n"
		"  runs/latest                   the newest run; also runs/<first digits of an "
		"id>\n"
		"  errors                        why the last writes were refused\n"
		"\n"
		"Start a run by writing its flags (those left out keep their defaults):\n"
		"  echo 'epochs: 5' > %s/models/MODEL/operations/OP/flags\n"
		"  echo > .../flags              all defaults\n"
		"  echo 'epochs: 5' > .../stage  the run waits until: echo start > runs/ID/ctl\n"
		"  cp fast.yml .../OP/           a flags file; its name labels the run\n"
		"  cp runs/ID/flags .../flags    repeats a run\n"
		"When a write is refused: cat .../OP/error\n"
		"\n"
		"Follow it:    tail -f %s/runs/latest/output\n"
		"Wait for it:  cat %s/runs/latest/wait    (prints the exit status)\n"
		"End it:       echo stop > %s/runs/latest/ctl    (or kill; restart runs it again)\n"
		"Note it:      echo 'my best' > runs/ID/label; echo tag >> runs/ID/tags;\n"
		"              echo text >> runs/ID/comments; echo yes > runs/ID/marked\n"
		"\n"
		"Unmount:      guild unmount %s    (runs go on)\n",
		at, p->fs->home->path, at, at, at, at, at);
}

void root_errors(const struct place *p, struct buf *b)
{
	errors_print(p->fs->errors, b);
}
