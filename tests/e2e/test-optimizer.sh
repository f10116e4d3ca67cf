#!/bin/bash
# SPDX-License-Identifier: MIT
# Batches that an optimizer proposes: what its program is told and asked, what is on disk, kill -9
# of the program and of the batch; optimizers of the Guild file, and operations as optimizers. The
# program is one of the test's own, but for test-optimizer-libraries.sh.
. "$(dirname "$0")/../lib/lib.sh"

if ! real=$(command -v python3); then
	skip "optimizers" "no python3"
	exit 0
fi
cat >"$PROJECT/guild.yml" <<'END'
op:
  exec: sh op.sh
  flags: {x: {default: 0.25, min: 0.0, max: 1.0}, kind: {default: a, choices: [a, b]}, y: 5}
  output-scalars: {loss: 'loss: (\S+)', acc: 'acc: (\S+)'}
  objective: {maximize: acc}
  optimizers:
    fine: {algorithm: gp, kappa: 1.5, xi: 0.1, default: yes}
    own: mine
other: {exec: sh op.sh, flags: {x: 0.25, kind: a, y: 5}, output-scalars: {acc: 'acc: (\S+)'}}
plain: {exec: sh op.sh, flags: {x: 1, kind: a}}
several: {exec: 'true', optimizers: [mine, tpe]}
single: {exec: 'true', optimizer: {algorithm: mine, depth: 9}}
mine:
  exec: sh mine.sh ${flag_args}
  default-max-trials: 7
  flags: {depth: 3, width: {default: 1, type: int}}
END
cat >"$PROJECT/op.sh" <<END
echo \$RUN_ID >>$T/ran
[ ! -e $T/pause ] || { : >$T/paused; sleep 600; }
[ ! -e $T/fail ] || exit 3
echo "loss: \$FLAG_X"
echo "acc: \$FLAG_X"
END
echo 'echo "mine $*: $(cat .guild/proto/.guild/attrs/flags | xargs)"' >"$PROJECT/mine.sh"
cd "$PROJECT" || exit 1

# The program: points that follow from what it is asked, and a log of all that it is told. It is
# killed where $T/die has the number of the trial.
cat >"$T/propose.py" <<END
import json, os, signal, sys
log = open("$T/told", "a")
told = {}
for line in sys.stdin:
    message = json.loads(line)
    print(line.strip(), file=log, flush=True)
    if "begin" in message:
        print(json.dumps({"ready": True}), flush=True)
    elif "tell" in message:
        told[message["tell"]["id"]] = message["tell"]
    else:
        number = message["ask"]["number"]
        if os.path.exists("$T/die") and open("$T/die").read() == str(number):
            os.unlink("$T/die")
            os.kill(os.getpid(), signal.SIGKILL)
        known = sum(1 for t in told.values() if t["own"])
        point = [number % 2, (number * 8 + known) / 64]
        print(json.dumps({"point": point if os.path.exists("$T/good") else [7]}), flush=True)
END
: >"$T/good"
cat >"$T/python" <<END
#!/bin/sh
case "\$*" in
'-um guild.propose') exec $real -u $T/propose.py ;;
'-um guild.propose --check '*) exit 0 ;;
*) exec $real "\$@" ;;
esac
END
chmod +x "$T/python"
export GUILD_PYTHON_EXE=$T/python

attr() { cat "$HOME_DIR/runs/$1/.guild/attrs/$2"; }
batches() { for b in "$HOME_DIR"/runs/*/.guild/proto; do [ -e "$b" ] && basename "${b%/.guild/proto}"; done; }
trials() { find "$HOME_DIR/runs/$1" -maxdepth 1 -type l -printf '%f\n'; }
clear_runs() { guild runs rm -y -p >/dev/null 2>&1; rm -rf "$HOME_DIR/trash" "$T/told" "$T/ran"; }
# told KEY of all that was told or asked with such a key.
told() { grep -o "\"$1\": [^,}]*" "$T/told" | cut -d' ' -f2- | xargs; }
statuses() { guild runs list --json 2>/dev/null | grep -o '"status": "[a-z]*"' | cut -d'"' -f4 | sort | uniq -c | awk '{print $1, $2}' | xargs; }

# What it is asked, what comes of it, and what is on disk.
out=$(guild run op -o gp -m 4 -Fo random-starts=2 --random-seed 7 -y 2>&1)
b=$(batches)
equal "the batch" "builtin:guildai 0.9.1 skopt gp" "$(cat "$HOME_DIR/runs/$b/.guild/opref")"
equal "its flags" "acq-func: gp_hedge kappa: 1.96 noise: gaussian prev-trials: sourcecode random-starts: 2 xi: 0.05" \
	"$(attr "$b" flags | xargs)"
equal "what was set" "random-starts: 2" "$(attr "$b" user_flags)"
equal "what is wanted" "-acc" "$(attr "$b" objective | tr -d "'")"
equal "how many" 4 "$(attr "$b" max_trials)"
equal "what Guild AI would run" "- guild.plugins.skopt_gp_main" "$(attr "$b" cmd | tail -1)"
equal "links" 4 "$(trials "$b" | wc -l)"
equal "the program begins with the space" \
	'{"begin": {"algorithm": "gp", "flags": {"acq-func": "gp_hedge", "kappa": 1.96, "noise": "gaussian", "prev-trials": "sourcecode", "random-starts": 2, "xi": 0.05}, "seed": 7, "space": [{"choices": ["a", "b"], "kind": "choice", "name": "kind"}, {"high": 1.0, "kind": "real", "low": 0.0, "name": "x"}]}}' \
	"$(head -1 "$T/told")"
equal "by chance at first" "true true false false" "$(told random)"
equal "each trial is told once, large is good" "-0.25 -0.140625 -0.28125" "$(told value)"
equal "at its point" "[0, 0.25] [1, 0.140625] [0, 0.28125]" "$(grep -o '"point": [^]]*]' "$T/told" | cut -d' ' -f2- | xargs)"
matches "that begins with the value that is there" "op \(kind=a, x=0.25, y=5\)" "$out"
matches "says what it does" "Random start for optimization \(2 of 2\)" "$out"
matches "and when it searches" "Found 3 previous trial\(s\) for use in optimization" "$out"
matches "lists" "op\+skopt:gp .*completed" "$(guild runs)"
equal "the trials" "0.140625 0.25 0.28125 0.421875" "$(for t in $(trials "$b"); do sed -n 's/^x: //p' "$HOME_DIR/runs/$t/.guild/attrs/flags"; done | sort | xargs)"
out=$(guild run op -o gp -m 1 -N loss -y 2>&1)
equal "another batch learns of the same source code, small is good" "0.25 0.140625 0.28125 0.421875" \
	"$(told value | cut -d' ' -f4-)"
equal "which are not its own" "false false false false" "$(told own | cut -d' ' -f4-)"
: >"$T/told"
guild run op -o gp -m 1 -Fo prev-trials=batch -y >/dev/null 2>&1
equal "prev-trials: batch" "" "$(told value)"
echo '# changed' >>op.sh
guild run op -o gp -m 1 -y >/dev/null 2>&1
equal "prev-trials: sourcecode" "" "$(told value)"
guild run op -o gp -m 1 -Fo prev-trials=operation -y >/dev/null 2>&1
equal "prev-trials: operation" 7 "$(told value | wc -w)"
clear_runs
guild run other x=0.75 -y >/dev/null 2>&1
guild run other x=7 -y >/dev/null 2>&1
guild run op x=0.5 -y >/dev/null 2>&1
out=$(guild run other 'x=[0.0:1.0]' 'kind=[a,b]' -X acc -o tpe -m 1 -Fo random-starts=0 -y 2>&1)
equal "runs of another operation, and out of the space, are left out" "-0.75" "$(told value)"
matches "but are counted as Guild AI counts them" "Found 2 previous" "$out"
clear_runs
out=$(guild run op -o gp -m 2 -Fo random-starts=0 -X nothing -y 2>&1)
matches "nothing to learn from" "missing previous trials" "$out"
matches "no such value" "cannot find objective 'nothing'" "$out"
equal "it is told all the same" null "$(told value)"
clear_runs
guild run op -o gp -m 2 -X 'max acc step' -y >/dev/null 2>&1
equal "a column expression" "-0.0" "$(told value)"
clear_runs
: >"$T/fail"
guild run op -o gp -m 2 -y >/dev/null 2>&1
equal "a trial that fails is told" failed "$(told state)"
equal "and does not end the batch" "1 completed 2 error" "$(statuses)"
rm "$T/fail"
clear_runs

# What is refused.
matches "no dimension" "do not contain any search dimensions" "$(guild run plain -o tpe -y 2>&1)"
matches "a bad objective" "ERROR: \[guild\] invalid objective 'a, b': too many columns" "$(guild run op -o tpe -N 'a, b' -y 2>&1)"
rm "$T/good"
matches "a bad answer" "the optimizer proposes \[7\], which is no point of the space" "$(guild run op -o tpe -y 2>&1)"
: >"$T/good"
matches "an unknown optimizer" "operation 'nope' is not defined for this project" "$(guild run op -o nope -y 2>&1)"
matches "an unknown flag" "unsupported flag 'foo'" "$(guild run op -o gp -Fo foo=1 -y 2>&1)"
matches "no flag" "expected NAME=VAL" "$(guild run op -o gp -Fo foo -y 2>&1)"
matches "a bad value" "invalid value for type" "$(guild run op -o gp -Fo kappa=many -y 2>&1)"
matches "--stage-trials" "'skopt:gp' does not support --stage-trials" "$(guild run op -o gp --stage-trials -y 2>&1)"
matches "--print-trials" "optimizer does not support printing trials" "$(guild run op -o gp --print-trials 2>&1)"
matches "--save-trials" "optimizer does not support saving trials" "$(guild run op -o gp --save-trials "$T/x.csv" 2>&1)"
cat >"$T/bare" <<END
#!/bin/sh
exec $real -S "\$@"
END
chmod +x "$T/bare"
clear_runs
for o in gp:scikit-optimize forest:scikit-optimize gbrt:scikit-optimize tpe:optuna cmaes:optuna; do
	matches "${o%:*} without its library" "^guild: '${o%:*}' needs ${o#*:}, which is not installed: install it with '[^ ]+ -m pip install ${o#*:}'$" \
		"$(GUILD_PYTHON_EXE=$T/bare guild run op -o "${o%:*}" -y 2>&1)"
done
equal "no run is made then" 0 "$(count_runs)"
guild run op -o gp --stage -y >/dev/null 2>&1
matches "a staged one says it when it starts" "'gp' needs scikit-optimize, which is not installed" \
	"$(GUILD_PYTHON_EXE=$T/bare guild run --start "$(guild select)" -y 2>&1)"
clear_runs

# The Guild file's optimizers, and operations as optimizers.
matches "-O takes the default, with its flags" "acq-func: gp_hedge kappa: 1.5 noise: gaussian .* xi: 0.1 Continue" \
	"$(guild run op -O </dev/null 2>&1 | xargs)"
matches "the preview" "run op with skopt:gp optimizer \(20 trials, maximize acc\)" "$(guild run op -o fine </dev/null 2>&1)"
matches "by its name" "kappa: 1.2" "$(guild run op -o fine -Fo kappa=1.2 </dev/null 2>&1 | grep kappa)"
matches "gp for who has none" "with skopt:gp optimizer" "$(guild run plain 'x=[1:3]' -O </dev/null 2>&1)"
matches "bayesian is gp" "with skopt:gp optimizer" "$(guild run op -o bayesian </dev/null 2>&1)"
matches "none is the default" "no default optimizer defined for several.*with --optimizer: mine, tpe" \
	"$(guild run several -O -y 2>&1 | xargs)"
equal "an operation is told flags, and finds the prototype" "mine --depth 4 --width 1: kind: a x: 0.25 y: 5" \
	"$(guild run op -o own -Fo depth=4 -y)"
b=$(batches)
matches "it is the batch's process" "op\+mine .*completed +depth=4 width=1" "$(guild runs)"
equal "its limit" 7 "$(attr "$b" max_trials)"
check "it has its own source code" test -e "$HOME_DIR/runs/$b/mine.sh"
equal "run again, it has its flags" "mine --depth 4 --width 2: kind: a x: 0.25 y: 5" \
	"$(guild run --restart "$b" -Fo width=2 -y)"
equal "one optimizer with flags" "mine --depth 9 --width 1: {}" "$(guild run single -O -y)"
matches "its help" "acq-func.*which next trial" "$(guild run gp --help-op | tr '[:upper:]' '[:lower:]' | xargs)"
clear_runs

# Trials at a time: those that run are told of, and then what they have come to.
guild run op -o tpe -m 6 --jobs 2 -y >/dev/null 2>&1
equal "--jobs: its trials" "7 completed" "$(statuses)"
matches "--jobs: what runs is told" "running" "$(told state)"
equal "--jobs: all were told but for the last ones" 1 "$(($(told state | tr ' ' '\n' | grep -c complete) >= 4))"
clear_runs

# asha: trials that do worse than others are stopped; they would not end by themselves.
cat >>guild.yml <<'END'
halved: {exec: sh halved.sh, flags: {x: 1}, output-scalars: {loss: 'loss: (\S+)'}}
END
cat >halved.sh <<END
echo "\$FLAG_X" >>$T/values
all=\$(wc -l <$T/values) better=\$(awk -v x="\$FLAG_X" '\$1 + 0 < x + 0' $T/values | wc -l)
may=\$((all / 2))
[ \$may -gt 0 ] || may=1
[ \$better -lt \$may ] || echo \$RUN_ID >>$T/bad
echo "loss: \$FLAG_X"
[ \$better -lt \$may ] || sleep 600
echo 'loss: 0'
END
rm -f "$T/values" "$T/bad"
ids_of() { guild runs list --json 2>/dev/null | tr '{' '\n' | grep "\"status\": \"$1\"" | grep -v asha | grep -o '"id": "[0-9a-f]*' | cut -c8- | sort | xargs; }
check "asha" guild run halved 'x=[1:1000]' -o asha -Fo reduction=2 -m 8 --random-seed 3 -y
equal "asha stops those that do worse" "$(sort "$T/bad" | xargs)" "$(ids_of terminated)"
equal "and no other" $((8 - $(wc -l <"$T/bad"))) "$(ids_of completed | wc -w)"
b=$(batches)
equal "its batch" "builtin:guildai 0.9.1 '' asha" "$(cat "$HOME_DIR/runs/$b/.guild/opref")"
check "asha again" guild run --restart "$b" -y
equal "counts what earlier trials had" "$(sort "$T/bad" | xargs)" "$(ids_of terminated)"
equal "and has as many again" 16 "$(trials "$b" | wc -l)"
matches "asha needs a scalar" "its objective has to be the name of a scalar" "$(guild run halved 'x=[1:9]' -o asha -N '=x' -y 2>&1)"
matches "asha is not staged" "'asha' does not support --stage-trials" "$(guild run halved 'x=[1:9]' -o asha --stage-trials -y 2>&1)"
clear_runs

# The program is killed: another one is told the same, and the trials are the same.
values() { sed -n 's/^x: //p' "$HOME_DIR"/runs/*/.guild/attrs/flags | grep -v uniform | sort | xargs; }
guild run op -o tpe -m 5 -y >/dev/null 2>&1
wanted=$(values)
for n in 0 2 4; do
	clear_runs
	printf %s $n >"$T/die"
	out=$(guild run op -o tpe -m 5 -y 2>&1)
	equal "killed at trial $n: the same trials" "$wanted" "$(values)"
	matches "and it is said" "the optimizer's program has ended: starting it again" "$out"
done

# kill -9 of the batch in the middle of a trial, of its supervisor too, and a restart.
for i in 1 2 3; do
	clear_runs
	rm -f "$T/paused"
	printf %s none >"$T/die"
	guild run op -o tpe -m 5 -yb >/dev/null 2>&1
	wait_until 30 test -e "$T/ran"
	: >"$T/pause"
	wait_until 30 test -e "$T/paused" || break
	b=$(batches)
	process=$(cat "$HOME_DIR/runs/$b/.guild/LOCK")
	supervisor=$(cut -d' ' -f1 "$HOME_DIR/runs/$b/.guild/guildfs/supervisor")
	case $i in
	1) kill -9 "$process" ;;
	2) kill -9 "$supervisor" ;;
	3) kill -9 "$supervisor" "$process" ;;
	esac
	trial=$(tail -1 "$T/ran")
	rm -f "$T/pause"
	over() { ! kill -0 "$process" 2>/dev/null && ! guild runs info "$b" | grep -q '^status: running'; }
	wait_until 30 over
	guild stop "$trial" -y >/dev/null 2>&1
	check "$i: a restart" guild run --restart "$b" -y
	equal "$i: has as many trials as were wanted" 5 "$(trials "$b" | wc -l)"
	equal "$i: each was run once" "$(trials "$b" | sort | xargs)" "$(sort "$T/ran" | xargs)"
done
clear_runs

# Stopped while its program thinks.
sed -i "s|number = message|import time; open('$T/thinks', 'w'); time.sleep(600 if os.path.exists('$T/slow') else 0); number = message|" "$T/propose.py"
: >"$T/slow"
guild run op -o tpe -m 5 -yb >/dev/null 2>&1
wait_until 30 test -e "$T/thinks"
b=$(batches)
guild stop "$b" -y >/dev/null 2>&1
ended() { guild runs info "$b" | grep -q '^status: terminated'; }
check "a batch stops while its program thinks" wait_until 30 ended
gone() { ! pgrep -f "$T/propose.py"; }
check "and takes it along" wait_until 30 gone
rm "$T/slow"
check "a restart goes on" guild run --restart "$b" -y
equal "with all of its trials" 5 "$(trials "$b" | wc -l)"
