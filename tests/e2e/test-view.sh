#!/bin/bash
# SPDX-License-Identifier: MIT
# guild view: who may ask, what is answered, and what a person sees and does with it in a browser,
# with keys alone; runs whose names and files mean harm.
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/browser.sh"

cat >"$PROJECT/guild.yml" <<'END'
train:
  exec: sh train.sh
  flags: {lr: 0.1, note: plain}
  label: ${note}
live: {exec: sh live.sh}
END
cat >"$PROJECT/train.sh" <<'END'
i=0
while [ $i -lt 50 ]; do
	i=$((i + 1))
	echo "step: $i"
	echo "loss: $(awk -v i=$i -v lr="$FLAG_LR" 'BEGIN {print i == 25 ? 7 : lr / i}')"
done
echo 'odd: nan'
mkdir -p 'plots/a b'
printf 'a\0b' >plots/not.txt.bin
base64 -d >'plots/a b/100%#?.png' <<X
iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==
X
echo '<script>document.title = "bad"</script><h1>report</h1>' >report.html
echo 'secret' >../outside-$RUN_ID.txt
ln -s ../outside-$RUN_ID.txt leak.txt
ln -s /etc leak
mkfifo pipe
END
cat >"$PROJECT/live.sh" <<'END'
echo 'first line'
until [ -e go ]; do sleep 0.05; done
echo 'second line'
echo 'late: 5'
until [ -e stop ]; do sleep 0.05; done
END
cd "$PROJECT" || exit 1
run() { guild run -y "$@" >>"$T/runs.log" 2>&1; }
run train lr=0.1
run train lr=0.2
HARM='</script><script>document.title="bad"</script><img src=x onerror="document.title=1">&quot;'"'"
run train lr=0.3 "note=$HARM"
ids=($(guild select --all 2>/dev/null))
hostile=$(guild select 1) first=$(guild select 3)

# start OPTION...: $VIEW is the process, $URL what it has printed, $BASE the same without the token.
start() {
	# The shell empties it beside us, maybe after we have looked for what the one before has printed.
	rm -f "$T/err"
	guild view -n "$@" >"$T/out" 2>"$T/err" &
	VIEW=$!
	check "it prints its address ($*)" wait_until 20 grep -q '^Running Guild View at http://127.0.0.1:[0-9]*/[0-9a-f]\{32\}/ (Type' "$T/err"
	URL=$(sed -n 's/^Running.* at \(http[^ ]*\) .*/\1/p' "$T/err")
	BASE=${URL%/*/}
}
stop() {
	kill -INT "$VIEW"
	wait "$VIEW"
	equal "$1" 0 $?
}
code() { curl -s -o "$T/body" -w '%{http_code}' "$@"; }
get() { curl -s "$URL$1"; }
count_rows() { get "runs.json${1-}" | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["rows"]))'; }

# --- who may ask ----------------------------------------------------------------
start
port=${BASE##*:}
equal "the page" 200 "$(code "$URL")"
for path in / "/runs.json" "/x${URL: -32}" "/${URL: -33:31}x/" "/${URL: -33:32}x/"; do
	equal "403 without the token: $(echo "$path" | tr 0-9a-f 0)" 403 "$(code "$BASE$path")"
done
equal "301 without the last slash" "301 $URL" "$(curl -s -o /dev/null -w '%{http_code} %{redirect_url}' "${URL%/}")"
equal "which not anybody is told" 403 "$(code -H 'Host: evil.example.org' "${URL%/}")"
equal "nor with another token" 403 "$(code "$(sed 's|[0-9a-f]/$|x|' <<<"$URL")")"
equal "403 for a name that is not ours" 403 "$(code -H 'Host: evil.example.org' "$URL")"
equal "and with our port" 403 "$(code -H "Host: 127.0.0.1.evil.example.org:$port" "$URL")"
equal "localhost, as through a tunnel" 200 "$(code -H 'Host: localhost:9999' "$URL")"
equal "read only" 405 "$(code -X POST -d x=1 "$URL")"
equal "and no DELETE" 405 "$(code -X DELETE "${URL}run/$first/file/report.html")"
refuse "nobody listens at other addresses" curl -s -m 5 "http://$(hostname -I | cut -d' ' -f1):$port/"
check "what came in Host and token is not in the log" sh -c "! grep -q evil '$T/err'"

# --- what is answered ------------------------------------------------------------
equal "every run" 3 "$(count_rows)"
equal "a filter, as guild runs -F" 1 "$(count_rows '?filter=lr%20%3D%200.2')"
equal "by a scalar" "$(guild select --all -F 'loss < 0.003' 2>/dev/null | wc -l)" "$(count_rows '?filter=loss%20%3C%200.003')"
equal "one that does not parse" "400 $(guild runs -F 'lr = ' 2>&1 | sed 's/^guild: //')" "$(code "${URL}runs.json?filter=lr%20%3D%20") $(cat "$T/body")"
equal "one that compares nothing" 400 "$(code "${URL}runs.json?filter=train")"
tag=$(curl -sI "${URL}runs.json" | tr -d '\r' | sed -n 's/^ETag: //p')
equal "what is known is not sent again" 304 "$(code -H "If-None-Match: $tag" "${URL}runs.json")"
equal "but with another filter it is" 200 "$(code -H "If-None-Match: $tag" "${URL}runs.json?filter=lr%20%3D%200.2")"
check "JSON that every reader takes" sh -c "curl -s '${URL}run/$first/info.json' | python3 -c '
import json, sys
json.load(sys.stdin, parse_constant=lambda name: sys.exit(name))'"
equal "no such run" 404 "$(code "${URL}run/00000000000000000000000000000000/info.json")"
equal "nothing else of it" 404 "$(code "${URL}run/$first/info.jsonx")"

file=${URL}run/$first/file
equal "a file" '</script><h1>report</h1>' "$(curl -s "$file/report.html" | grep -o '</script>.*')"
for path in leak.txt leak/passwd ../outside-$first.txt %2e%2e/outside-$first.txt ..%2foutside-$first.txt \
	/etc/passwd plots/../../x .guild/attrs/env .guild .guild/attrs/cmd pipe plots ''; do
	matches "not to be had: $path" '^40[34]$' "$(code --path-as-is "$file/$path")"
done
equal "the output is" "step: 1" "$(curl -s "$file/.guild/output" | head -1)"
size=$(stat -c %s "$HOME_DIR/runs/$first/.guild/output")
equal "from its end" "206 5" "$(code -H 'Range: bytes=-5' "$file/.guild/output") $(stat -c %s "$T/body")"
equal "what is there from a place on" "$(tail -c +11 "$HOME_DIR/runs/$first/.guild/output")" "$(curl -s -H 'Range: bytes=10-' "$file/.guild/output")"
equal "nothing new" 416 "$(code -H "Range: bytes=$size-" "$file/.guild/output")"
head=$(curl -sI "$file/report.html" | tr -d '\r')
matches "a document runs no script" 'Content-Security-Policy: sandbox; default-src .none.' "$head"
matches "and is what it says it is" 'nosniff' "$head"
matches "bytes are not shown as text" 'application/octet-stream' "$(curl -sI "$file/plots/not.txt.bin")"
equal "files, without links' targets and .guild" "leak link, leak.txt link, pipe special file, plots/a b/100%#?.png file, plots/not.txt.bin file, report.html file" \
	"$(get "run/$first/files.json" | python3 -c '
import json, sys
print(", ".join(f["path"] + " " + f["type"] for f in json.load(sys.stdin)["files"] if f["path"] != "guild.yml" and not f["path"].endswith(".sh")))')"
check "a peak is in the curve" sh -c "curl -s '${URL}run/$first/curves.json' | grep -q '\"loss\".*[,[]7[],]'"

# --- runs that come, go and are selected ----------------------------------------------
guild run -y --background live >"$T/live" 2>&1
live=$(guild select 1)
equal "a new run" 4 "$(count_rows)"
guild runs rm -y "$live" >/dev/null 2>&1
stop "Ctrl-C is no error"
equal "and nothing is said but the address" 1 "$(wc -l <"$T/err")"
start -Fl plain 1
equal "a selection" 1 "$(count_rows)"
equal "and nothing of others" 404 "$(code "${URL}run/$hostile/info.json")"
stop "and its end"
refuse "a filter that does not parse" guild view -n -F 'lr ='
refuse "a port that is none" guild view -n -p 70000
start
refuse "a port that is taken" guild view -n -p "${BASE##*:}"
stop "likewise"
start --logging
get runs.json >/dev/null
check "requests, without the token" wait_until 5 grep -qx 'GET /runs.json 200' "$T/err"
stop "likewise"

# --- what people see ---------------------------------------------------------------------
if ! has_browser; then
	skip "guild view in a browser" "there is no chromium"
	exit
fi
guild run -y --background live >"$T/live" 2>&1
live=$(guild select 1)
wait_until 10 grep -q first "$HOME_DIR/runs/$live/.guild/output"
start
ROWS='[...document.querySelectorAll("#runs tbody tr")]'
cell() { echo "$ROWS.map((tr) => tr.children[$1].textContent).join()"; }
TABS='document.querySelector("#tab-panel")'
browser >"$T/seen" <<END
size 1400 900
goto $URL
until $ROWS.length === 4
get document.title.endsWith("$HOME_DIR")
get $(cell 5)
shot $SHOTS/view-runs.png
# Sorting, with the keyboard: the heading's button.
get [...document.querySelectorAll("th button")].find((b) => b.textContent === "lr").focus()
key Enter
until $ROWS[0].textContent.includes("0.1")
get $(cell 7)
get document.activeElement.textContent + " " + document.activeElement.parentNode.getAttribute("aria-sort")
key Enter
until $ROWS[0].textContent.includes("0.3")
get $(cell 7)
key Enter
# The filter, and what is wrong with one.
key /
type lr = 0.2
key Enter
until $ROWS.length === 1
get document.getElementById("count").textContent
get document.getElementById("filter").select()
type lr =
key Enter
until !document.getElementById("error").hidden
get document.getElementById("error").textContent.length > 5
shot $SHOTS/view-filter-error.png
get document.getElementById("filter").value = ""
key Enter
until $ROWS.length === 4
# The live run, by keys: its output grows while it is looked at.
get $ROWS[0].focus()
key Enter
until $TABS && $TABS.textContent.includes("No flags")
get document.getElementById("tab-info").focus()
key ArrowRight
key ArrowRight
until $TABS.querySelector("pre").textContent.includes("first line")
get $TABS.textContent.includes("second line")
END
equal "table, sorting, filter" "true
running,completed,completed,completed
null
0.1,0.2,0.3,
lr ascending
0.3,0.2,0.1,
1 of 4 runs
null
true

null
null
false" "$(cat "$T/seen")"

# One that stays while the run goes on.
mkfifo "$T/steps"
browser <"$T/steps" >"$T/seen" &
BROWSER=$!
exec 5>"$T/steps"
cat >&5 <<END
size 1400 900
goto $URL
until $ROWS.length === 4
get $ROWS[0].click()
until document.getElementById("tab-output")
get document.getElementById("tab-output").click()
until $TABS.textContent.includes("first line")
get "it is there"
END
wait_until 60 grep -q 'it is there' "$T/seen"
touch "$HOME_DIR/runs/$live/go"
cat >&5 <<END
until $TABS.textContent.includes("second line")
get "it has grown"
shot $SHOTS/view-output.png
get document.getElementById("tab-curves").click()
until $TABS.textContent.includes("late")
get "a curve that came"
END
wait_until 60 grep -q 'a curve that came' "$T/seen"
touch "$HOME_DIR/runs/$live/stop"
cat >&5 <<END
until $ROWS[0].children[5].textContent === "completed"
get "it is over"
END
exec 5>&-
wait "$BROWSER"
equal "a run that runs" "null
null
it is there
it has grown
null
a curve that came
it is over" "$(cat "$T/seen")"

browser >"$T/seen" <<END
size 1400 900
goto $URL
until $ROWS.length === 4
# Harm: what it would have changed is as it was, and what it says is text.
get $ROWS[1].textContent.includes("</script><script>")
get $ROWS[1].focus()
key Enter
until $TABS && $TABS.textContent.includes("onerror")
get document.title.startsWith("Runs of ") + " " + document.querySelectorAll("#panel img, #runs img").length
shot $SHOTS/view-harm.png
get document.getElementById("tab-images").click()
until $TABS.querySelector("img")?.naturalWidth === 1
shot $SHOTS/view-images.png
get document.getElementById("tab-files").click()
until $TABS.textContent.includes("report.html")
get $TABS.querySelectorAll("a").length
get document.getElementById("tab-curves").click()
until $TABS.querySelector("figure path.curve")
get [...$TABS.querySelectorAll("figcaption")].map((c) => c.textContent.split(" ")[0]).filter((c) => !c.startsWith("sys/")).join()
shot $SHOTS/view-curves.png
# Escape closes it and gives the row the focus back; two runs are compared by keys.
key Escape
until document.getElementById("panel").hidden
get document.activeElement.dataset.id === "$hostile"
key Space
key ArrowDown
key Space
until document.querySelectorAll("#panel figure path.curve").length > 1
get document.querySelector("#panel table").textContent.includes("lr")
get document.querySelectorAll("#panel figure")[0].querySelectorAll("path.curve").length
shot $SHOTS/view-compare.png
size 500 900
shot $SHOTS/view-narrow.png
# What a file says when it is opened by itself.
goto ${URL}run/$first/file/report.html
until document.querySelector("h1")
get document.querySelector("h1").textContent + document.title
END
equal "harm, images, files, curves, comparing" "true
null
true 0
null
null
$(get "run/$hostile/files.json" | grep -o '"type": "file"' | wc -l)
null
loss,odd
true
true
2" "$(grep -v console: "$T/seen" | head -11)"
equal "a document's script did not run" "1 report" "$(grep -c 'console: Blocked script execution' "$T/seen") $(tail -1 "$T/seen")"
stop "after all that"
