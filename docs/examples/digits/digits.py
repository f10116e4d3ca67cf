# SPDX-License-Identifier: MIT
"""The data and the model: a softmax classifier, by Python's standard library alone.

A model is a list of ten rows of weights, one for each digit: 64 pixels and a bias.
"""

import csv
import gzip
import json
import math
import random

PIXELS = 64
DIGITS = 10
TRAINING = 1500  # of the 1,797 images; the others are for evaluation


def load(path="digits.csv.gz"):
    """Two lists of (pixels, digit): for training and for evaluation."""
    with gzip.open(path, "rt", newline="") as f:
        images = [(pixels(row), int(row[PIXELS])) for row in csv.reader(f)]
    return images[:TRAINING], images[TRAINING:]


def pixels(row):
    return [int(value) / 16 for value in row[:PIXELS]] + [1.0]


def zeros():
    return [[0.0] * (PIXELS + 1) for _ in range(DIGITS)]


def scattered(seed):
    draw = random.Random(seed)
    return [[draw.gauss(0, 0.01) for _ in range(PIXELS + 1)] for _ in range(DIGITS)]


def probabilities(model, image):
    scores = [sum(map(float.__mul__, row, image)) for row in model]
    top = max(scores)
    powers = [math.exp(score - top) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def accuracy(model, images):
    right = 0
    for image, digit in images:
        guess = probabilities(model, image)
        right += guess.index(max(guess)) == digit
    return right / len(images)


def step(model, batch, rate):
    """One step down the gradient; returns the sum of the losses."""
    gradient = zeros()
    loss = 0.0
    for image, digit in batch:
        guess = probabilities(model, image)
        loss -= math.log(max(guess[digit], 1e-12))
        guess[digit] -= 1
        for row, error in zip(gradient, guess):
            if abs(error) > 1e-4:
                row[:] = [g + error * x for g, x in zip(row, image)]
    for weights, row in zip(model, gradient):
        weights[:] = [w - rate * g / len(batch) for w, g in zip(weights, row)]
    return loss


def fit(model, epochs, rate, batch_size, seed):
    """Trains in place, and says after each epoch how it goes."""
    training, held_out = load()
    shuffle = random.Random(seed).shuffle
    for epoch in range(1, epochs + 1):
        shuffle(training)
        loss = 0.0
        for start in range(0, len(training), batch_size):
            loss += step(model, training[start : start + batch_size], rate)
        print(f"epoch: {epoch}")
        print(f"loss: {loss / len(training):.6f}")
        print(f"accuracy: {accuracy(model, held_out):.4f}", flush=True)
    return model


def save(model, path="model.json"):
    with open(path, "w") as f:
        json.dump({"weights": model}, f)


def restore(path):
    with open(path) as f:
        return json.load(f)["weights"]
