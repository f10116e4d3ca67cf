# SPDX-License-Identifier: MIT
"""Measures the SavedModel in trained/ on images that it was not trained on."""

import cnn
import numpy as np

_, (images, classes) = cnn.load()
guesses = cnn.guess("trained", images)
print(f"images: {len(images)}")
print(f"accuracy: {np.mean(guesses == classes):.4f}")

wrong = guesses != classes
pairs, counts = np.unique(
    np.stack([classes[wrong], guesses[wrong]], 1), axis=0, return_counts=True
)
with open("confused.tsv", "w") as f:
    f.write("class\ttaken for\timages\n")
    for (right, guess), count in zip(pairs, counts):
        f.write(f"{right}\t{guess}\t{count}\n")
