#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs for others to read: what is published of them, templates of one's own, and interruptions.
. "$(dirname "$0")/../lib/lib.sh"

cd "$PROJECT" || exit 1
export HOME=$T/user
mkdir "$HOME"
guild() { "$BUILD/guild" "$@"; }
published() { (cd "$1" && find . -type f -printf '%P\n' | sort | tr '\n' ' '); }
section() { sed -n "/^## $1/,/^## /p" "$2" | sed '1d;/^## /d;/^$/d'; }

cat >guild.yml <<'END'
train:
  exec: sh train.sh ${rate}
  flags: {rate: 0.5, name: 'a|b', none: null, deep: yes}
  flags-dest: args
  output-scalars: {x: 'x: (\value)'}
  publish: {files: ['*.png', '__a/*']}
nothing: {exec: 'true', sourcecode: no, publish: {files: no}}
odd: {exec: 'true', publish: {files: 3}}
slow: {exec: sleep 100}
END
cat >train.sh <<'END'
echo "x: 1.5"
printf '```\nno newline at the end'
echo image >img.png
echo text >text.txt
mkdir -p __a/b && echo deep >'__a/b/c (d).txt'
ln -s text.txt link && ln -s nowhere broken && ln -s __a dir
END
guild run train -y --label 'm<n _o_ p_q' >/dev/null 2>&1
train=$(guild select 1)
guild run nothing -y >/dev/null 2>&1
nothing=$(guild select 1)

# --- what is published ------------------------------------------------------------------------------
matches "publish" "Publishing \[${train:0:8}\] train... using [0-9.]+K?
Refreshing runs index
Published runs using" "$(guild publish -y 2>&1)"
data="README.md flags.yml output.txt run.yml runfiles.csv scalars.csv sourcecode.csv"
equal "data and source code" "$data sourcecode/guild.yml sourcecode/train.sh " "$(published published-runs/$train)"
equal "no source code where there is none" "$data " "$(published "published-runs/$nothing")"
equal "and nothing else" ".guild-nocopy $(printf '%s\n' $train $nothing | sort | tr '\n' ' ')README.md" \
	"$(ls -A published-runs | grep -v README.md | sort | tr '\n' ' ')README.md"
check "for everybody" test "$(stat -c %a published-runs/$train)" = 755
out=published-runs/$train
equal "run.yml" "id: $train
operation: train
status: completed" "$(head -3 $out/run.yml)"
matches "has times for people and programs" "started: 20.* UTC
started_epoch: [0-9]{16}
stopped: 20.* UTC
stopped_epoch: [0-9]{16}
time: 0:00:0[0-9]
marked: 'no'
label: m<n _o_ p_q
command: sh train.sh 0.5.*
exit_status: 0" "$(cat $out/run.yml)"
equal "flags.yml" "deep: true
name: a|b
none: null
rate: 0.5" "$(cat $out/flags.yml)"
equal "scalars.csv" ".guild,x,1,1.5,1.5,1.5,0,1.5,0,1.5,0,1.5,0" "$(tail -n +2 $out/scalars.csv)"
check "output.txt" cmp -s "$HOME_DIR/runs/$train/.guild/output" $out/output.txt
equal "runfiles.csv lists all files" "__a/b/c (d).txt,file,5 broken,link, dir/b/c (d).txt,file,5 img.png,file,6 link,file link,5 text.txt,file,5" \
	"$(tail -n +2 $out/runfiles.csv | cut -d, -f1-3 | LC_ALL=C sort | paste -sd' ')"
equal "with digests" "$(md5sum <"$HOME_DIR/runs/$train/text.txt" | cut -c-32)" "$(grep ^text $out/runfiles.csv | cut -d, -f5)"
equal "and times" "$(stat -c %.Y "$HOME_DIR/runs/$train/text.txt" | cut -c-17 | tr -d .)" "$(grep ^text $out/runfiles.csv | cut -d, -f4)"
check "without digests" guild publish -y -d "$T/no-md5" --no-md5 "$train"
equal "there are none" "" "$(grep ^text "$T/no-md5/$train/runfiles.csv" | cut -d, -f5)"

# --- the README ----------------------------------------------------------------------------------------
equal "flags, which break no table" '| Name | Value |
| ---- | ----- |
| deep | yes |
| name | a\|b |
| none |  |
| rate | 0.5 |
[flags.yml](flags.yml)' "$(section Flags $out/README.md)"
matches "nor are they markup" '\| m&lt;n \\_o\\_ p_q \|' "$(cat $out/README.md)"
equal "scalars" "| x | 0 | 1.5 |" "$(section Scalars $out/README.md | sed -n 3p)"
equal "output, which does not end its frame" '````
x: 1.5
```
no newline at the end
````
[output.txt](output.txt)' "$(section Output $out/README.md)"
matches "a file that is not copied has no link" '^\| text.txt \| file \| 5 \| 20' "$(section 'Run Files' $out/README.md | grep text)"
equal "nothing there" "There are no files for this run." "$(section 'Run Files' "published-runs/$nothing/README.md")"
guild publish -y -a -d "$T/all" >/dev/null
equal "one that is, has" '[\_\_a/b/c (d).txt](runfiles/__a/b/c%20%28d%29.txt)' \
	"$(section 'Run Files' "$T/all/$train/README.md" | grep __a | sed 's/^| //; s/ |.*//')"
matches "the index" "\[${train:0:8}\]\($train/README.md\) \| train \| 20.* UTC \| 0:00:0. \| completed \| m&lt;n" "$(cat published-runs/README.md)"
equal "has the newest first" "$nothing $train" "$(grep -o '[0-9a-f]\{32\}' published-runs/README.md | paste -sd' ')"

# --- which files --------------------------------------------------------------------------------------
copies() { guild publish -y -d "$T/files" "$@" "$train" >/dev/null && (cd "$T/files/$train/runfiles" 2>/dev/null && find . -type f -printf '%P\n' | LC_ALL=C sort | paste -sd,); }
equal "none unless asked" "" "$(copies)"
equal "those of the operation: a directory that is not named is not gone into" img.png "$(copies -f)"
equal "all, without what links lead to" "__a/b/c (d).txt,img.png,text.txt" "$(copies -a)"
equal "with that" "__a/b/c (d).txt,dir/b/c (d).txt,img.png,link,text.txt" "$(copies -a -L)"
equal "-L alone is -f with it" img.png "$(copies -L)"
equal "a copy is what the link leads to" text "$(copies -a -L >/dev/null; cat "$T/files/$train/runfiles/link")"
equal "files: no" "" "$(guild publish -y -f -d "$T/files" "$nothing" >/dev/null; ls "$T/files/$nothing" | grep runfiles$)"
refuse "not both" guild publish -y -f -a
guild run odd -y >/dev/null 2>&1
matches "what is not understood is told with its place" "error publishing run $(guild select 1):
.*guild.yml:8: publish.files of operation odd: expected .*, not 3" "$(guild publish -y -f 1 -d "$T/odd" 2>&1)"
equal "and nothing is published" "" "$(ls "$T/odd")"
guild runs rm -p -y 1 2>/dev/null

# --- again and again ----------------------------------------------------------------------------------
echo mine >$out/mine
guild label -y -s new "$train" 2>/dev/null
check "publish again" guild publish -y "$train"
check "replaces it" test ! -e $out/mine
matches "as it is now" "label: new" "$(cat $out/run.yml)"
rm -r "published-runs/$nothing"
matches "refresh the index" "Refreshing runs index in published-runs" "$(guild publish -r)"
equal "of what is there" "$train" "$(grep -o '[0-9a-f]\{32\}' published-runs/README.md)"
mkdir -p published-runs/damaged "published-runs/$nothing"
echo '{' >published-runs/damaged/run.yml
printf 'id: %s\noperation: theirs\nstarted: 2020-01-01 10:00:00 UTC\ntime: 1:00:12\nlabel: null\n' "$nothing" >"published-runs/$nothing/run.yml"
matches "what is damaged is told" "damaged/run.yml is not in the index" "$(guild publish -r 2>&1)"
equal "what Guild AI wrote is read as it was meant" "| theirs | 2020-01-01 10:00:00 UTC | 1:00:12 | &nbsp; | &nbsp; |" "$(tail -1 published-runs/README.md | cut -d' ' -f3-)"
refuse "there must be one" guild publish -r -d "$T/nowhere"
matches "no runs" "No runs to publish" "$(guild publish -y -Fl nothing 2>&1)"
equal "no for an answer" 4 "$(echo n | guild publish -d "$T/asked" >/dev/null 2>&1; echo $?)"
check "does nothing" test ! -e "$T/asked"
guild run train rate=[1,2] -y --keep-batch >/dev/null 2>&1
equal "batches are not published" "" "$(guild publish -y -d "$T/batch" 2>&1 | grep 'train+')"
matches "unless asked" "\[........\] train\+" "$(guild publish -y -d "$T/batch" --include-batch 2>&1)"
guild -C / publish -y "$train" -d "$T/elsewhere" >/dev/null
check "from elsewhere" test -e "$T/elsewhere/$train/README.md"
mkdir "$T/here"
guild -C "$T/here" publish -y "$train" >/dev/null
check "into the directory of -C" test -e "$T/here/published-runs/$train"
check "guild runs publish is the same" guild runs publish -y "$train" -d "$T/elsewhere"

# --- interruptions ----------------------------------------------------------------------------------
guild run slow -y --background --pidfile "$T/pid" 2>/dev/null
check "a run that runs is published as it is" guild publish -y 1 -d "$T/live"
matches "and says so" "status: running
.*stopped: null" "$(cat "$T"/live/*/run.yml)"
guild stop -y >/dev/null 2>&1
if (strace -qq -o /dev/null -e trace=mkdirat -e inject=mkdirat:signal=KILL:when=100 true) 2>/dev/null; then
	# At the second run; the first one is done.
	inject() { strace -f -qq -o /dev/null -e trace=copy_file_range -e "inject=copy_file_range:signal=$1:when=$2" \
		"$BUILD/guild" publish -y -a -d "$T/$1" "$nothing" "$train" >"$T/out" 2>&1; }
	inject KILL 3
	equal "killed: only what is whole is there" "$nothing" "$(ls "$T/KILL" | grep -v README)"
	guild publish -y "$train" -d "$T/KILL" >/dev/null
	equal "the next one sweeps" "" "$(ls -A "$T/KILL" | grep partial)"
	inject INT 3
	matches "interrupted" "interrupted; 1 run" "$(cat "$T/out")"
	equal "nothing half done" ".guild-nocopy $nothing" "$(ls -A "$T/INT" | grep -v README | paste -sd' ')"
	matches "and what is done is in the index" "$nothing" "$(cat "$T/INT/README.md")"
else
	skip "a kill in the middle" "strace cannot inject signals here"
fi

# --- templates of one's own ----------------------------------------------------------------------------
printf '#!/bin/sh\nexec python3 -S "$@"\n' >"$T/no-jinja"
chmod +x "$T/no-jinja"
mkdir report broken endless index
matches "there must be one" "cannot find template none" "$(guild publish -y -t none -d "$T/t" 2>&1)"
matches "and Jinja" "need Jinja, which $T/no-jinja does not have
.*-m pip install jinja2" "$(GUILD_PYTHON_EXE=$T/no-jinja guild publish -y -t report -d "$T/t" "$train" 2>&1)"
equal "without, nothing is published" "" "$(ls "$T/t")"
python3 -c 'import jinja2' 2>/dev/null || { skip templates "python3 has no jinja2"; exit 0; }
cat >report/README.md <<'END'
{% extends "publish-default/README.md" %}
{% block header %}{% include "_my_header.md" %}{% endblock %}
{% block scalars %}{% for s in scalars|csv_dict_rows %}{{ s|scalar_key }}={{ s.last_val }}{% endfor %}{% endblock %}
{% block output %}{{ super() }}
{{ output|length }} {{ run.started|nbhyph }} {{ flags.deep|flag_val }} {{ flags.none|flag_val }}.{{ 1500|file_size }}
{%- for f in runfiles[1:] if f[0] == "text.txt" %} {{ f[3]|utc_date("us") }} {{ f[0]|runfile_link }}{% endfor %}{% endblock %}
END
echo 'HEADER {{ run.id|short_id }}' >report/_my_header.md
echo 'FLAGS {{ flags.name }}' >report/_flags.md
mkdir report/more
echo '{{ flags.name }} <{{ "<" }}>' >report/more/page.html
printf '{{ binary \0' >report/more/data
guild publish -y -t report -a -d "$T/t" "$train" >"$T/out" 2>&1 || not_ok "a template" "$(cat "$T/out")"
equal "files: rendered, copied, included" "more/data more/page.html" "$(published "$T/t/$train" | tr ' ' '\n' | grep -e more -e _ | grep -v runfiles | paste -sd' ')"
equal "a binary file is the same" "$(md5sum <report/more/data)" "$(md5sum <"$T/t/$train/more/data")"
equal "text in HTML is escaped, what is HTML is not" 'a|b <&lt;>' "$(cat "$T/t/$train/more/page.html")"
readme=$T/t/$train/README.md
equal "a block of one's own, with an include" "HEADER ${train:0:8}" "$(head -1 "$readme")"
equal "an include of the default template replaced" "FLAGS a|b" "$(section Flags "$readme" | head -1)"
check "data" grep -qx 'x=1.5' "$readme"
matches "what was there, and filters" '````
\[output.txt\]\(output.txt\)
[0-9]+ 20..&#8209;..&#8209;.. ..:..:.. UTC yes \.1.5K 20..-..-.. ..:..:.. UTC runfiles/text.txt' "$(section Output "$readme")"
section 'Source Code' "$readme" >"$T/section"
check "the rest is as it was" cmp -s "$T/section" <(section 'Source Code' "$T/all/$train/README.md")
sed -i "s/publish: {files: \['/publish: {template: report, files: ['/" guild.yml
guild publish -y -d "$T/t2" "$train" >/dev/null 2>&1
equal "named by the operation" "HEADER ${train:0:8}" "$(head -1 "$T/t2/$train/README.md")"
guild publish -y -d "$T/t2" -t default "$train" >/dev/null 2>&1
equal "the default one all the same" "[Published runs](../README.md)" "$(head -1 "$T/t2/$train/README.md")"
printf 'one\n{%% if %%}\n' >broken/README.md
matches "what is wrong, and where" "$PROJECT/broken/README.md:2: " "$(guild publish -y -d "$T/t3" -t broken "$train" 2>&1)"
echo '{% include "none.md" %}' >broken/README.md
matches "what is missing" "$PROJECT/./broken/README.md: template not found: none.md" "$(guild publish -y -d "$T/t3" -t ./broken "$train" 2>&1)"
echo '{{ 1 / 0 }}' >broken/README.md
matches "what fails" "$PROJECT/broken/README.md: ZeroDivisionError" "$(guild publish -y -d "$T/t3" -t "$PROJECT/broken" "$train" 2>&1)"
equal "nothing of it is published" "" "$(ls "$T/t3")"
echo '{% for a in range(1000000000) %}{% endfor %}' >endless/README.md
setsid -f bash -c 'trap - INT; echo $$ >"$0/endless"; exec "$@"' "$T" "$BUILD/guild" publish -y -d "$T/t4" -t endless "$train" >"$T/out" 2>&1
check "an endless one" wait_until 20 sh -c "pgrep -f guild.render_templates -P \$(cat '$T/endless') >'$T/python'"
wait_until 20 test -s "$(echo "$T"/t4/.guild-partial/*/"$train"/output.txt)"
kill -INT "$(cat "$T/endless")"
check "can be interrupted" wait_until 20 sh -c "! kill -0 $(cat "$T/endless") 2>/dev/null"
check "and its Python with it" wait_until 20 sh -c "! kill -0 $(cat "$T/python") 2>/dev/null"
equal "nothing is left" ".guild-nocopy" "$(ls -A "$T/t4")"

printf '{%% for r in runs %%}{{ r.operation }} {{ r.time }} {{ r.label }}.{%% endfor %%}{%% include "runs-index/README.md" %%}' >index/README.md
check "an index of one's own" guild publish -r -i index
matches "of what is there" "theirs 1:00:12 None\.# Published runs" "$(cat published-runs/README.md)"
cp index/README.md index/other.md
check "by its file" guild publish -r -i index/other.md
rm index/README.md
refuse "a directory must have a README.md" guild publish -r -i index
