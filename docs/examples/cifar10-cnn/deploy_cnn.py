# SPDX-License-Identifier: MIT
"""Takes the SavedModel in trained/ to where it is served, when it is good enough.

A server like TensorFlow Serving watches a directory of versions, each named by a number, and takes up
the highest. A version must be there whole when it sees it: it is copied aside, then renamed.
"""

import argparse
import os
import shutil
import sys

import cnn
import numpy as np

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--to", required=True)
parser.add_argument("--min-accuracy", type=float, default=0.9)
args = parser.parse_args()

_, (images, classes) = cnn.load()
accuracy = np.mean(cnn.guess("trained", images) == classes)
print(f"accuracy: {accuracy:.4f}", flush=True)
if accuracy < args.min_accuracy:
    sys.exit(f"not deployed: an accuracy of {args.min_accuracy} is wanted (flag min-accuracy)")

os.makedirs(args.to, exist_ok=True)
version = 1 + max((int(name) for name in os.listdir(args.to) if name.isdecimal()), default=0)
aside = os.path.join(args.to, f".{os.environ['RUN_ID']}")
shutil.copytree("trained", aside)
os.rename(aside, os.path.join(args.to, str(version)))
print(f"version: {version}")
