# SPDX-License-Identifier: MIT
"""Trains a model from nothing."""

import argparse

import digits

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--epochs", type=int, default=10)
parser.add_argument("--rate", type=float, default=0.5)
parser.add_argument("--batch-size", type=int, default=32)
parser.add_argument("--init", choices=["zeros", "random"], default="zeros")
parser.add_argument("--seed", type=int, default=1)
args = parser.parse_args()

model = digits.zeros() if args.init == "zeros" else digits.scattered(args.seed)
digits.fit(model, args.epochs, args.rate, args.batch_size, args.seed)
digits.save(model)
