#!/bin/bash
# SPDX-License-Identifier: MIT
# index.html: the newest 1,000 runs as one file for a browser, with their curves, live, exact in
# size; and in a browser: table, filter, curves, comparing, runs that mean harm.
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/browser.sh"

cat >"$PROJECT/guild.yml" <<'END'
- model: m
  operations:
    train: {exec: sh train.sh, flags: {lr: 0.1, note: plain}}
    live: {exec: sh live.sh}
END
cat >"$PROJECT/train.sh" <<'END'
printf 'step: 1\nloss: 0.5\nstep: 2\nloss: 7\nstep: 3\nloss: 0.25\nodd: nan\n'
END
cat >"$PROJECT/live.sh" <<'END'
printf 'step: 1\ncount: 1\n'
until [ -e go ]; do sleep 0.05; done
printf 'step: 2\ncount: 2\nlate: 1\n'
until [ -e stop ]; do sleep 0.05; done
END
start_mount
cd "$MNT" || exit 1
OPS=models/m/operations
start() { echo "$2" >"$OPS/$1/flags" && finish; }
# What is in the page, as Python: d.
page() {
	python3 -c '
import json, re, sys
text = open("index.html").read()
data = re.findall(r"<script type=\"application/json\" id=\"data\">(.*?)</script>", text, re.S)
d = json.loads(data[0])
print(eval(sys.argv[1]))' "$1"
}

equal "without runs there is a page" "[] 0 {}" "$(page '"%s %d %s" % (d["rows"], d["total"], d["curves"])')"
start train '{lr: 0.2}'
id=$(newest)
equal "the rows of index.tsv" "$(cat index.tsv)" "$(page '"\n".join([d["heading"]] + d["rows"])')"
equal "a curve, with its peak" "[[1, 2, 3], [0.5, 7, 0.25]]" "$(page "d['curves']['$id']['loss']")"
equal "one of nothing that can be drawn" "[[], []]" "$(page "d['curves']['$id']['odd']")"
HARM='</script><script>document.title="bad"</script><!--<script><img src=x onerror="document.title=1">&quot;'
start train "{lr: 0.3, note: '$HARM'}"
echo "$HARM" >"runs/$(newest)/label"
hostile=$(newest)
equal "a text that would end the page is in it as it is" "$HARM" "$(page 'd["rows"][0].split("\t")[7]')"
equal "and ends nothing" "2 2" "$(grep -c '</script>$' index.html) $(grep -o '<script' index.html | wc -l)"
refuse "nothing of others is asked for" grep -qE 'src="?http|href="?http|@import' index.html
equal "its size" "$(wc -c <index.html)" "$(stat -c %s index.html)"
check "tar takes it whole" sh -c "tar -cf - -C '$MNT' index.html | tar -df - -C '$MNT'"
refuse "it cannot be written" sh -c 'echo x >index.html'

# While a run runs, and what happens to runs.
echo >"$OPS/live/flags"
live=$(newest)
counts() { page "d['curves'].get('$live', {}).get('count', [[]])[0]"; }
check "the first value of a live run" wait_until 10 sh -c "[ -s runs/$live/metrics/count ]"
equal "is in its curve" "[1]" "$(counts)"
touch "$HOME_DIR/runs/$live/go"
check "more of it" wait_until 10 sh -c "[ -s runs/$live/metrics/late ]"
equal "is in it, too" "[1, 2]" "$(counts)"
equal "its size is exact while it runs" "$(wc -c <index.html)" "$(stat -c %s index.html)"
touch "$HOME_DIR/runs/$live/stop"
finish
equal "and all of it when it is over" "[1, 2] completed" "$(counts) $(page 'd["rows"][0].split("\t")[4]')"
rmdir "runs/$live"
equal "a deleted run is gone with its curves" "2 2" "$(page '"%d %d" % (len(d["rows"]), len(d["curves"]))')"

# Many: the newest 1,000 are in it, and it says of how many.
cd / || exit 1
stop_mount
"$BUILD/lib/synth" "$HOME_DIR" 1003 2 500
start_mount
cd "$MNT" || exit 1
equal "the newest 1,000 of more" "1000 1005 1000" "$(page '"%d %d %d" % (len(d["rows"]), d["total"], len(d["curves"]))')"
equal "in the order of index.tsv" "$(sed -n 2,1001p index.tsv | md5sum)" "$(page '"\n".join(d["rows"])' | md5sum)"
equal "curves are thinned out, from first to last" "64 0 499" \
	"$(page '"%d %d %d" % (len(c := d["curves"][d["rows"][0][:32]]["loss"][0]), c[0], c[-1])')"
equal "the size of that" "$(wc -c <index.html)" "$(stat -c %s index.html)"

before=$(md5sum <index.html)
cd / || exit 1
stop_mount
start_mount
cd "$MNT" || exit 1
equal "the same after a remount" "$before" "$(md5sum <index.html)"

start train "{lr: 0.4, note: '$HARM'}"
if ! has_browser; then
	skip "index.html in a browser" "there is no chromium"
	exit
fi
ROWS='[...document.querySelectorAll("#runs tbody tr")]'
TABS='document.querySelector("#tab-panel")'
browser >"$T/seen" <<END
size 1400 900
goto file://$MNT/index.html
until $ROWS.length > 100
get document.getElementById("count").textContent
get document.getElementById("hint").textContent.includes("The newest 1000 of 1006 runs")
shot $SHOTS/index-html.png
# All rows, as one scrolls.
until (document.querySelector("#runs").scrollTo(0, 1e6), $ROWS.length === 1000)
key /
type epochs>=990 loss<0.1 TRAIN
until $ROWS.length < 20
get document.getElementById("count").textContent
shot $SHOTS/index-html-filter.png
get document.getElementById("filter").value = "what<1"
get document.getElementById("filter").dispatchEvent(new Event("input"))
until !document.getElementById("error").hidden
get document.getElementById("error").textContent
get document.getElementById("filter").value = "lr=0.4"
get document.getElementById("filter").dispatchEvent(new Event("input"))
until $ROWS.length === 1
get $ROWS[0].textContent.includes("</script><script>")
get $ROWS[0].focus()
key Enter
until $TABS.textContent.includes("onerror")
get document.title.startsWith("Runs of ") + " " + document.querySelectorAll("main img").length
get document.getElementById("tab-curves").click()
until $TABS.querySelector("path.curve")
get $TABS.querySelector("path.curve").getAttribute("d").match(/[ML]/g).length
shot $SHOTS/index-html-curves.png
get document.getElementById("filter").value = ""
get document.getElementById("filter").dispatchEvent(new Event("input"))
until $ROWS.length > 100
get $ROWS[0].focus()
key Space
key ArrowDown
key ArrowDown
key ArrowDown
key Space
until document.querySelectorAll("#panel figure path.curve").length > 1
get document.querySelector("#panel h2").textContent
shot $SHOTS/index-html-compare.png
END
equal "in a browser" "1000 runs
true
13 of 1000 runs
what<1
true
there is no column 'what'
lr=0.4
true
true
null
true 0
null
3

true
null
2 runs compared" "$(cat "$T/seen")"
