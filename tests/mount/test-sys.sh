#!/bin/bash
# SPDX-License-Identifier: MIT
# Samples of the system beside a run: what there is, what can be switched off, and that nothing of it
# keeps a run from its end.
. "$(dirname "$0")/../lib/lib.sh"

cat >"$PROJECT/guild.yml" <<'END'
- model: m
  operations:
    busy: {exec: sh busy.sh}
    memory: {exec: sh wait.sh, plugins: memory}
    'no': {exec: sh wait.sh, plugins: no}
    'yes': {exec: sh wait.sh, plugins: yes, env: {GUILD_SAMPLE_SECONDS: '0'}}
    odd: {exec: 'true', plugins: [cpu, memry], env: {GUILD_SAMPLE_SECONDS: often}}
    pipeline: {steps: ['no']}
- model: quiet
  plugins: []
  operations:
    inherits: {exec: 'true'}
    all: {exec: 'true', plugins: all}
END
cat >"$PROJECT/wait.sh" <<'END'
while [ ! -e stop ]; do sleep 0.05; done
END
# Work of its own, of a child that it waits for, and of one that nobody waits for.
cat >"$PROJECT/busy.sh" <<'END'
echo $$ 1000000 >users.new && mv users.new users
(while [ ! -e stop ]; do :; done) &
while [ ! -e stop ]; do echo "loss: 0.5"; sh -c 'i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); done'; done
END
export GUILD_SAMPLE_SECONDS=0.05
mkdir "$T/gpu"
export LD_LIBRARY_PATH=$BUILD/stand-in STAND_IN_USERS=$T/gpu/users
start_mount
cd "$MNT" || exit 1
samplers() { for pid in $(own_processes); do ! grep -qs '^guild-sample' "/proc/$pid/comm" || echo "$pid"; done; }
no_samplers() { [ -z "$(samplers)" ]; }
stop() { touch "$HOME_DIR/runs/$R/stop"; finish "$R"; }
between() { awk -v x="$1" -v a="$2" -v b="$3" 'BEGIN {exit !(x != "" && x + 0 >= a && x + 0 <= b)}'; }

echo >models/m/operations/busy/flags
R=$(newest)
M=runs/$R/metrics
check "a sample comes while the run runs" wait_until 20 test -s "$M/sys/proc/cpus"
check "more come" wait_until 20 sh -c "[ \$(wc -l <'runs/$R/scalars/sys/proc/cpus.tsv') -gt 5 ]"
check "and the output's scalars between them" wait_until 20 test -s "$M/loss"
wait_until 20 test -s "$HOME_DIR/runs/$R/users" && cp "$HOME_DIR/runs/$R/users" "$T/gpu/users"
check "memory of a GPU is the run's" wait_until 20 test -s "$M/sys/proc/gpu0/mem_used"
stop
check "CPUs are busy" between "$(cat "$M/sys/cpu/util")" 0.01 1
check "each has its own" between "$(cat "$M/sys/cpu0/util")" 0 1
n=$(getconf _NPROCESSORS_ONLN)
check "with the run's work" between "$(cut -f2 "runs/$R/scalars/sys/proc/cpus.tsv" | sort -g | tail -1)" 0.05 "$((n + 1))"
check "processes" between "$(cat "$M/sys/proc/count")" 2 6
total=$(awk '/^MemTotal/ {printf "%.0f", $2 * 1024}' /proc/meminfo)
check "memory" between "$(cat "$M/sys/mem_total")" "$((total - total / 1000))" "$((total + total / 1000))"
check "of which some is used" between "$(cat "$M/sys/mem_util")" 0.001 1
check "some by the run" between "$(cat "$M/sys/proc/mem_rss")" 100000 1000000000
check "swap" between "$(cat "$M/sys/swap_util")" 0 1
equal "the stand-in's GPU" "0.3 2 0.75 61 250.5" \
	"$(cd "$M/sys/gpu0" && cat fanspeed pstate util temp powerdraw | awk '{printf "%.4g ", $1}' | xargs)"
equal "the run's part" 1000000.0 "$(cat "$M/sys/proc/gpu0/mem_used")"
refuse "another GPU has none" test -e "$M/sys/proc/gpu1"
equal "steps are seconds" "" "$(tail -n +2 "runs/$R/scalars/sys/mem_util.tsv" | awk '$1 < 0 || $1 > 120')"
equal "all is in one event file" 1 "$(ls "$HOME_DIR/runs/$R/.guild" | grep -c tfevents)"
equal "plugins" "cpu disk gpu memory" "$(guild select --attr plugins "$R" | sed 's/- //' | xargs)"

cd "$PROJECT" || exit 1
equal "compare has no columns for them" "run operation started time status label step loss" \
	"$(guild compare -t "$R" | head -1 | xargs)"
matches "unless it is asked" '0\.5' "$(guild compare -t "$R" -cc 'loss, max sys/cpu/util' | tail -1)"
equal "info leaves them out" "" "$(guild runs info "$R" | grep sys/)"
matches "unless all are wanted" 'sys/cpu/util:' "$(guild runs info -s "$R")"
cd "$MNT" || exit 1

# What is switched off.
echo >models/m/operations/memory/flags
R=$(newest)
check "memory alone" wait_until 20 test -s "runs/$R/metrics/sys/proc/mem_rss"
stop
equal "is all there is" "mem_free mem_total mem_used mem_util proc swap_free swap_total swap_used swap_util" \
	"$(ls "runs/$R/metrics/sys" | xargs)"
equal "and of the run" mem_rss "$(ls "runs/$R/metrics/sys/proc")"
for op in no yes; do
	echo >models/m/operations/$op/flags
	R=$(newest)
	check "$op: there is no sampler" wait_until 20 status_is "$R" running
	equal "$op: nor a process for it" "" "$(samplers)"
	stop
	equal "$op: nothing is sampled" "" "$(ls "runs/$R/metrics")"
done
cd "$PROJECT" || exit 1
attr() { guild run "$1" -y >/dev/null 2>&1; guild select --attr plugins | sed 's/- //' | xargs; }
equal "a model's say" "[]" "$(attr quiet:inherits)"
equal "the operation's" "cpu disk gpu memory perf" "$(attr quiet:all)"
said=$(guild run m:odd -y 2>&1)
matches "an unknown name is told" "WARNING: unknown plugin 'memry' for operation m:odd" "$said"
matches "so is what is no time" "WARNING: GUILD_SAMPLE_SECONDS is 'often', which is no number" "$said"
equal "the others count" cpu "$(guild select --attr plugins | sed 's/- //' | xargs)"
guild run m:pipeline -y >/dev/null 2>&1 &
pipeline=$!
wait_until 20 sh -c 'guild runs -Fo m:no --running -s | grep -q .' && touch "$(guild select --path -Fo m:no)/stop"
wait $pipeline
equal "a pipeline leaves it to its steps" "[]" "$(guild select --attr plugins -Fo m:pipeline)"
stop_mount

# What is odd, hangs or dies.
begin() { guild run m:memory -y --background >/dev/null 2>&1; R=$(guild select); }
end() {
	touch "$HOME_DIR/runs/$R/stop"
	check "$1" wait_until 20 sh -c 'guild runs -n 1 | grep -q completed'
}
STAND_IN_HANG=1 guild run busy -y --background >/dev/null 2>&1
R=$(guild select)
check "where a driver hangs the run goes on" wait_until 20 sh -c "[ -n \"\$(ls '$HOME_DIR/runs/$R/.guild' | grep tfevents)\" ]"
end "to its end"
equal "nor leaves a process" "" "$(samplers)"
begin
check "a sampler samples" wait_until 20 sh -c "guild runs info -s | grep -q sys/"
kill -KILL $(samplers)
end "one that is killed is no loss"
begin
kill -KILL "$(cut -d' ' -f1 "$HOME_DIR/runs/$R/.guild/guildfs/supervisor")"
check "it leaves with its supervisor" wait_until 20 no_samplers
touch "$HOME_DIR/runs/$R/stop"

# A /proc in which files say nothing that makes sense.
printf 'cpu0 x y\n\377\376 1 2 3\nMemTotal: lots\n8 1 sda1 -1\n' >"$T/odd"
cat >"$T/odd.sh" <<'END'
for f in stat meminfo diskstats; do mount --bind "$1" /proc/$f || exit 77; done
exec guild run busy -y --background
END
if unshare -rm sh "$T/odd.sh" "$T/odd" >"$T/odd.log" 2>&1; then
	R=$(guild select)
	check "an odd /proc: what can be told is told" wait_until 20 sh -c "guild runs info -s | grep -q sys/proc/count"
	equal "and nothing else" "" "$(guild runs info -s | grep -E 'sys/(cpu|mem|swap|dev)')"
	end "and the run goes on"
else
	skip_optional "an odd /proc" "no mount namespace here: $(tail -1 "$T/odd.log")"
fi
echo "note GPUs: their figures in these tests are those of a stand-in for NVML, tests/stand-in/nvml.c"
