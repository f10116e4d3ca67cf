# SPDX-License-Identifier: MIT
"""Goes on training the network in trained.keras."""

import argparse

import cnn
import keras

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--batch-size", type=int, default=32)
parser.add_argument("--learning-rate", type=float, default=0.0002)
parser.add_argument("--seed", type=int, default=2)
args = parser.parse_args()

keras.utils.set_random_seed(args.seed)
cnn.fit(keras.models.load_model("trained.keras"), *cnn.load(), args)
