# SPDX-License-Identifier: MIT
"""What is in a checkpoint or a graph of TensorFlow (guild tensorflow inspect).

Arguments: the file, the name of a tensor (or nothing), and whether all tensors and their names
are to be printed, each as 1 or nothing.
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def inspect_checkpoint(tf, path, name, values, names):
    from tensorflow.python.tools import inspect_checkpoint as tool

    # The tool tells of errors as if they were results.
    try:
        reader = tf.train.load_checkpoint(path)
    except Exception as e:
        sys.exit("guild: cannot read the checkpoint %s: %s" % (path, e))
    if name and not reader.has_tensor(name):
        sys.exit("guild: there is no tensor '%s' in the checkpoint %s" % (name, path))
    tool.print_tensors_in_checkpoint_file(path, name, bool(values), bool(names))


def inspect_graph(tf, path):
    definition = tf.compat.v1.GraphDef()
    try:
        with open(path, "rb") as f:
            definition.ParseFromString(f.read())
        graph = tf.Graph()
        with graph.as_default():
            tf.import_graph_def(definition)
    except Exception as e:
        sys.exit("guild: cannot read the graph %s: %s" % (path, e))
    for op in graph.get_operations():
        print(op.name)
        for out in op.outputs:
            print(out.name)


def main():
    path, name, values, names = sys.argv[1:]
    # Not what lies beside this file.
    del sys.path[0]
    try:
        import tensorflow as tf
    except ImportError as e:
        if e.name != "tensorflow":
            sys.exit("guild: error loading TensorFlow of %s: %s" % (sys.executable, e))
        sys.exit(
            "guild: TensorFlow is not installed in %s, the Python that runs have\n"
            "'guild install tensorflow' installs it there." % sys.executable
        )
    if path.endswith(".pb"):
        inspect_graph(tf, path)
    else:
        inspect_checkpoint(tf, path, name, values, names)


if __name__ == "__main__":
    main()
