#!/bin/bash
# SPDX-License-Identifier: MIT
# Samples of the system as others read them: the real Guild AI, and TensorBoard's loader, which
# follows one event file of a directory at a time.
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/guild-ai.sh"

install_guild_ai
cat >"$PROJECT/guild.yml" <<'END'
train: {exec: sh train.sh}
END
cat >"$PROJECT/train.sh" <<'END'
i=0
while [ $i -lt 40 ]; do i=$((i + 1)); echo "step: $i"; echo "loss: 0.5"; sleep 0.05; done
END
cd "$PROJECT" || exit 1
check "a run with samples" env GUILD_SAMPLE_SECONDS=0.1 "$BUILD/guild" run train -y
R=$HOME_DIR/runs/$(ls "$HOME_DIR/runs")
ours runs info -s
equal "there are some" 1 "$(grep -c sys/mem_util "$T/log")"
equal "in one file" 1 "$(ls "$R/.guild" | grep -c tfevents)"

theirs compare -t
equal "Guild AI's compare has no columns for them" "run operation started time status label step loss" \
	"$(grep '^run ' "$T/log" | xargs)"
theirs runs info
equal "nor has its info" "" "$(grep sys/ "$T/log")"
# (One column a tag: of several Guild AI shows the first.)
ask='max sys/cpu/util, sys/mem_total, sys/proc/count, min sys/mem_util, loss'
theirs compare --csv - -cc "$ask"
cp "$T/log" "$T/theirs"
ours compare --csv - -cc "$ask"
matches "it reads them" ',[1-9][0-9]*\.' "$(tail -1 "$T/theirs")"
equal "as we do" "$(tail -1 "$T/log")" "$(tail -1 "$T/theirs")"

cat >"$T/read.py" <<'END'
# Prints each tag below argv[1] with the number of its samples, as TensorBoard's server loads them.
import sys
from tensorboard.backend.event_processing import plugin_event_multiplexer
multiplexer = plugin_event_multiplexer.EventMultiplexer(tensor_size_guidance={"scalars": 0})
multiplexer.AddRunsFromDirectory(sys.argv[1])
multiplexer.Reload()
for run in multiplexer.Runs():
    accumulator = multiplexer.GetAccumulator(run)
    for tag in accumulator.Tags()["tensors"]:
        samples = accumulator.Tensors(tag)
        assert [s.step for s in samples] == sorted(s.step for s in samples), tag
        print(run, tag, len(samples))
END
"$T/venv/bin/python" -W ignore "$T/read.py" "$R" >"$T/tb" 2>"$T/log"
equal "TensorBoard has every loss" ".guild loss 40" "$(grep loss "$T/tb")"
n=$("$BUILD/guild" compare --csv - -cc 'count sys/mem_util' | tail -1 | cut -d, -f2)
equal "and every sample" ".guild sys/mem_util ${n%.*}" "$(grep 'sys/mem_util' "$T/tb")"
