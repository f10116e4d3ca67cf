# SPDX-License-Identifier: MIT
"""Goes on training the model in trained.json."""

import argparse

import digits

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--rate", type=float, default=0.1)
parser.add_argument("--batch-size", type=int, default=16)
parser.add_argument("--seed", type=int, default=2)
args = parser.parse_args()

model = digits.restore("trained.json")
digits.fit(model, args.epochs, args.rate, args.batch_size, args.seed)
digits.save(model)
