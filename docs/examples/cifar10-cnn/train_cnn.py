# SPDX-License-Identifier: MIT
"""Trains a network from nothing."""

import argparse

import cnn
import keras

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--epochs", type=int, default=10)
parser.add_argument("--batch-size", type=int, default=32)
parser.add_argument("--learning-rate", type=float, default=0.001)
parser.add_argument("--filters", type=int, default=16)
parser.add_argument("--dropout", type=float, default=0.25)
parser.add_argument("--seed", type=int, default=1)
args = parser.parse_args()

keras.utils.set_random_seed(args.seed)
training, test = cnn.load()
images, _ = training
cnn.fit(cnn.network(images.shape[1:], args.filters, args.dropout), training, test, args)
