#!/bin/bash
# SPDX-License-Identifier: MIT
# Publishing: what the real Guild AI 0.9 and ours make of the same runs, and of the same templates.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/guild-ai.sh"

install_guild_ai
cd "$PROJECT" || exit 1
cat >guild.yml <<'END'
- model: m
  operations:
    train:
      main: train
      flags-import: all
      publish: {template: report, files: [{exclude: '*.png'}, {include: 'sub/*.png'}]}
    listed: {main: train, flags-import: all, publish: {files: ['*.txt', sub, 'sub/*']}}
    legacy: {main: train, flags-import: all, sourcecode: {dest: .guild/sourcecode, select: ['*.py']}}
    none: {exec: 'true', sourcecode: no}
END
cat >train.py <<'END'
import os

rate = 0.001
small = 1e-05
name = "x"
deep = True
print("loss: %f" % rate)
print("acc: nan")
os.makedirs("sub/more")
for path in ("a.txt", "b2.png", "b10.png", "sub/c.txt", "sub/d.png", "sub/more/e.png"):
    open(path, "w").write(path)
os.symlink("a.txt", "link.txt")
os.symlink("nowhere", "broken")
os.symlink(os.path.join(os.environ["PROJECT_DIR"], "report"), "linked")
END
mkdir report index
cat >report/README.md <<'END'
{% extends "publish-default/README.md" %}
{% block header %}{% include "_header.md" %}{% endblock %}
{% block body %}
{% for k, v in run.items() if not k.endswith("_epoch") %}
{{ k }}: {{ v }} {{ v|nbsp }}{% endfor %}
{{ run.id|short_id }} {{ run.started|nbhyph }} {{ run.none|empty }} {{ run.none|nbsp }}
{% for k, v in flags|dictsort %}{{ k }}: {{ v|flag_val }} {{ v }}
{% endfor %}{% for row in scalars|csv_dict_rows %}{{ row|scalar_key }} {{ row.last_val }} {{ row.last_step|nbsp }}
{% endfor %}{% for row in runfiles|csv_dict_rows %}{{ row }} {{ row.size|file_size }} {{ row.mtime|utc_date("us") }} {{ row.path|runfile_link }}
{% endfor %}{{ sourcecode }} {{ output }} {{ 123456|file_size }} {{ "x"|file_size }} {{ 12|utc_date }}
{% endblock %}
END
echo '{{ "a" }} header' >report/_header.md
printf '\x89PNG\0' >report/logo.png
echo '<p>{{ "<" }} {{ run.label }}</p>' >report/page.html
echo '{% for run in runs %}{% for k, v in run.items() if not k.endswith("_epoch") %}{{ k }}: {{ v }}
{% endfor %}{% endfor %}' >index/README.md
theirs run train -y
ours run train rate=3 name='some words' -y --label 'a label'
# Each starts in a second of its own: Guild AI leaves the order of those that share one to readdir.
next_second() { sleep "$(date +'1%N' | awk '{ print (2e9 - $1) / 1e9 + .01 }')"; }
for op in listed legacy none; do
	next_second
	theirs run $op -y
done
next_second
theirs run train --stage -y
# Times that both can say exactly.
find "$RUNS" -mindepth 2 -path '*/.guild/attrs' -prune -o \( -type f -o -type l \) -exec touch -h -d '2024-01-02 03:04:05' {} +
find . -type f -exec touch -d '2024-01-02 03:04:05' {} +

listing() { (cd "$1" && find . -type f -o -type l | sort); }
# What ours says in other words: no time at all, and exact ones.
data() {
	"$T/venv/bin/python" - "$1" <<'END'
import csv, pathlib, sys, yaml
for path in sorted(pathlib.Path(sys.argv[1]).glob("*/*.yml")):
    data = yaml.safe_load(path.read_text())
    print(path.relative_to(sys.argv[1]), {
        k: None if v == "None" else v for k, v in data.items() if not k.endswith("_epoch")})
for path in sorted(pathlib.Path(sys.argv[1]).glob("*/*.csv")):
    rows = list(csv.reader(path.open()))
    # Theirs are in the order of the files that they were read from.
    print(path.relative_to(sys.argv[1]), sorted(rows) if path.name == "scalars.csv" else rows)
END
}
# Without what only ours does for Markdown, and what lines look like. Their link to source code that
# is in .guild leads nowhere.
words() { sed 's/\\\([|*`_[]\)/\1/g; s/| -*/|-/g; s,(sourcecode/.guild/sourcecode,(sourcecode,' "$1" | tr -s ' \n'; }

for options in '' -f -a -L '-a -L' --no-md5; do
	rm -rf "$T/t" "$T/o"
	theirs publish -y -t default -d "$T/t" $options || not_ok "theirs $options" "$(tail -2 "$T/log")"
	ours publish -y -t default -d "$T/o" $options || not_ok "ours $options" "$(tail -2 "$T/log")"
	equal "files: ${options:-no option}" "$(listing "$T/t")" "$(listing "$T/o")"
	data "$T/t" >"$T/t.data"
	data "$T/o" >"$T/o.data"
	equal "data: ${options:-no option}" "" "$(diff "$T/t.data" "$T/o.data")"
done
for output in "$RUNS"/*/.guild/output; do
	id=$(basename "${output%/.guild/output}")
	words "$T/t/$id/README.md" >"$T/t.words"
	words "$T/o/$id/README.md" >"$T/o.words"
	equal "README of $(basename "$(cut -d' ' -f4 "$RUNS/$id/.guild/opref")")" "" "$(diff -B "$T/t.words" "$T/o.words")"
done
equal "index" "$(words "$T/t/README.md")" "$(words "$T/o/README.md")"

# --- templates --------------------------------------------------------------------------------------
both_render() {
	rm -rf "$T/t" "$T/o"
	theirs publish -y -d "$T/t" "$@" || not_ok "their template" "$(tail -2 "$T/log")"
	ours publish -y -d "$T/o" "$@" || not_ok "our template" "$(tail -2 "$T/log")"
	equal "$*: files" "$(listing "$T/t")" "$(listing "$T/o")"
	for file in $(cd "$T/t" && find . -name README.md -o -name page.html -o -name logo.png); do
		equal "$* ${file##*/}" "" "$(diff "$T/t/$file" "$T/o/$file")"
	done
}
both_render -Sc -Fo train -i index
both_render -Sc -Fo train -i index -a -t ./report

# --- each other's directory ---------------------------------------------------------------------------
theirs publish -y -t default -Sc -d "$T/shared" -Fo train
ours publish -y -t default -Sc -d "$T/shared" -Fo legacy
equal "ours has theirs in its index" 3 "$(grep -c '^| \[' "$T/shared/README.md")"
theirs publish -r -d "$T/shared"
equal "and theirs has ours" 3 "$(grep -c '^| \[' "$T/shared/README.md")"
