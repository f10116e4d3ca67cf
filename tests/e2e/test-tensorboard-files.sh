#!/bin/bash
# SPDX-License-Identifier: MIT
# Event files both ways, value by value: what TensorBoard and tensorboardX write, read by ours; what
# ours writes, read by TensorBoard's own loader and shown by its HParams plugin.
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/tensorboard.sh"
tensorboard_python "TensorBoard's files"
python() { "$TENSORBOARD_PYTHON" -W ignore "$@" 2>"$T/python.log"; }

# --- theirs, read by ours ------------------------------------------------------------------------
mkdir -p "$T/run"
cat >"$T/write.py" <<'END'
# Writes files of many kinds below argv[1] and prints what a reader must find.
import math, os, sys
import numpy as np
import tensorboardX
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.histogram.summary_v2 import histogram_pb
from tensorboard.plugins.scalar.summary_v2 import scalar_pb
from tensorboard.plugins.text.summary_v2 import text_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util import tensor_util

run = sys.argv[1]
rows = []

def expect(key, step, value, time):
    value = float(value)
    rows.append((key, step, "nan" if math.isnan(value) else "%.17g" % value, "%.17g" % time))

w = tensorboardX.SummaryWriter(run)
for step in range(1000):
    w.add_scalar("train/loss", 1 / (step + 1), step, walltime=1.7e9 + step)
    expect("train/loss", step, np.float32(1 / (step + 1)), 1.7e9 + step)
for step, value in enumerate([math.nan, math.inf, -math.inf, 1e-45, -0.0, 3.4e38]):
    w.add_scalar("odd", value, step * 10**12, walltime=2.5)
    expect("odd", step * 10**12, np.float32(value), 2.5)
w.add_text("note", "not a scalar", 1)
w.add_histogram("weights", np.arange(1000), 1)
w.add_image("image", np.zeros((3, 64, 64)), 1)
w.add_scalars("both", {"a": 1, "b": 2}, 7, walltime=4)
expect("both/a#both", 7, 1, 4)
expect("both/b#both", 7, 2, 4)
w.close()

w = EventFileWriter(os.path.join(run, "tf2", "validation"))
def event(step, *values):
    w.add_event(Event(wall_time=1.5, step=step, summary=Summary(value=values)))
for step in (-3, 0, 1, 2**62):
    w.add_event(Event(wall_time=1.5, step=step, summary=scalar_pb("acc", 0.1)))
    expect("tf2/validation#acc", step, np.float32(0.1), 1.5)
for name, array in {
    "double": np.float64(0.1), "half": np.float16(0.1), "int32": np.int32(-5), "int64": np.int64(2**40),
    "uint8": np.uint8(200), "bool": np.bool_(True), "one": np.array([[2.5]], np.float32),
}.items():
    event(5, Summary.Value(tag=name, tensor=tensor_util.make_tensor_proto(array)))
    expect("tf2/validation#" + name, 5, array.item(), 1.5)
event(5, Summary.Value(tag="\u20ac \u00fc", simple_value=1))
expect("tf2/validation#\u20ac \u00fc", 5, 1, 1.5)
event(6, Summary.Value(tag="two", tensor=tensor_util.make_tensor_proto(np.array([1.0, 2.0]))))
event(6, Summary.Value(tag="none", tensor=tensor_util.make_tensor_proto(np.zeros([0]))))
event(7, Summary.Value(tag="pair", simple_value=1), Summary.Value(tag="pair", simple_value=2))
expect("tf2/validation#pair", 7, 1, 1.5)
expect("tf2/validation#pair", 7, 2, 1.5)
w.add_event(Event(step=8, session_log=SessionLog(status=SessionLog.START)))
w.add_event(Event(wall_time=1.5, step=9, summary=histogram_pb("h", [1.0, 2.0])))
w.close()

w = EventFileWriter(os.path.join(run, ".guild"), filename_suffix=".attrs")
w.add_event(Event(wall_time=1, summary=text_pb("b", "hello\tworld")))
w.add_event(Event(wall_time=1, summary=text_pb("c/text_summary", "\u20ac")))
w.close()

# Ours are sorted by key; samples stay in their order.
for row in sorted(rows, key=lambda row: row[0].encode()):
    print(*row, sep="\t")
print("attr\tb\thello\\tworld\nattr\tc\t\u20ac")
END
python "$T/write.py" "$T/run" >"$T/expected" || not_ok "writing with TensorBoard" "$(tail -3 "$T/python.log")"
check "theirs are of some size" test "$(wc -l <"$T/expected")" -gt 1000
"$BUILD/lib/events" read "$T/run" >"$T/got"
check "every value of theirs" diff "$T/expected" "$T/got"

# --- ours, read by theirs ------------------------------------------------------------------------
mkdir -p "$T/logs/ours"
check "ours are written" "$BUILD/lib/events" write "$T/logs/ours"
cat >"$T/read.py" <<'END'
# Prints what TensorBoard finds below argv[1].
import logging, math, sys
from google.protobuf import json_format
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.context import RequestContext
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import api_pb2, backend_context, get_experiment, list_session_groups

logdir = sys.argv[1]
multiplexer = plugin_event_multiplexer.EventMultiplexer(tensor_size_guidance={"scalars": 0, "hparams": 0})
multiplexer.AddRunsFromDirectory(logdir)
multiplexer.Reload()
for run in multiplexer.Runs():
    accumulator = multiplexer.GetAccumulator(run)
    for tag in sorted(accumulator.Tags()["tensors"]):
        plugin = accumulator.SummaryMetadata(tag).plugin_data.plugin_name
        if plugin == "hparams":
            print(run, plugin, tag)
            continue
        for e in accumulator.Tensors(tag):
            value = b"".join(e.tensor_proto.string_val).decode() if plugin == "text" else e.tensor_proto.float_val[0]
            print(run, plugin, tag, e.step, repr(value), "%.17g" % e.wall_time)

# The table, as the plugin makes it for the browser.
context = backend_context.Context(
    base_plugin.TBContext(data_provider=data_provider.MultiplexerDataProvider(multiplexer, logdir)))
request = RequestContext()
experiment = get_experiment.Handler(request, context, "", api_pb2.GetExperimentRequest()).run()
for info in sorted(experiment.hparam_infos, key=lambda info: info.name):
    print("column", info.name, api_pb2.DataType.Name(info.type))
names = [info.name for info in experiment.hparam_infos]
groups = list_session_groups.Handler(
    request, context, "",
    api_pb2.ListSessionGroupsRequest(
        start_index=0, slice_size=10, allowed_statuses=[api_pb2.STATUS_SUCCESS],
        col_params=[api_pb2.ColParams(hparam=name) for name in names])).run()
json_format.MessageToJson(groups)
for group in groups.session_groups:
    for name in sorted(group.hparams):
        kind = group.hparams[name].WhichOneof("kind")
        print("cell", name, kind, repr(getattr(group.hparams[name], kind)))
    for session in group.sessions:
        print("session", group.name, session.name, session.start_time_secs, session.end_time_secs,
              api_pb2.Status.Name(session.status))
END
python "$T/read.py" "$T/logs" >"$T/seen" || not_ok "reading with TensorBoard" "$(tail -3 "$T/python.log")"
cat >"$T/expected" <<'END'
ours hparams _hparams_/session_end_info
ours hparams _hparams_/session_start_info
ours text note 0 'two\nlines €' 1700000001
ours scalars odd 0 inf 1700000000.5
ours scalars odd 1 inf 1700000001.5
ours scalars odd 2 nan 1700000002.5
ours scalars odd 3 inf 1700000003.5
ours scalars odd 4 inf 1700000004.5
ours scalars train/loss 0 1.0 1700000000.25
ours scalars train/loss 1000 0.5 1700000001.25
ours scalars train/loss 2000 0.3333333432674408 1700000002.25
ours scalars train/loss 3000 0.25 1700000003.25
ours scalars train/loss 4000 0.20000000298023224 1700000004.25
column big DATA_TYPE_STRING
column day DATA_TYPE_STRING
column deep DATA_TYPE_BOOL
column epochs DATA_TYPE_FLOAT64
column huge DATA_TYPE_FLOAT64
column list DATA_TYPE_STRING
column lr DATA_TYPE_FLOAT64
column name DATA_TYPE_STRING
cell big string_value 'inf'
cell day string_value '2024-01-02'
cell deep bool_value True
cell epochs number_value 3.0
cell huge number_value 1.2345678901234568e+29
cell list string_value '[1, x]'
cell lr number_value 0.25
cell name string_value 'a b'
session group ours 1700000000.5 1700000009.5 STATUS_SUCCESS
END
check "every value of ours" diff "$T/expected" "$T/seen"
