# SPDX-License-Identifier: MIT
"""Measures the model in trained.json on images that it was not trained on."""

import digits

model = digits.restore("trained.json")
_, images = digits.load()
confused = {}
right = 0
for image, digit in images:
    guess = digits.probabilities(model, image)
    best = guess.index(max(guess))
    right += best == digit
    if best != digit:
        confused[digit, best] = confused.get((digit, best), 0) + 1

print(f"images: {len(images)}")
print(f"accuracy: {right / len(images):.4f}")
with open("confused.tsv", "w") as f:
    f.write("digit\ttaken for\timages\n")
    for (digit, best), count in sorted(confused.items(), key=lambda item: -item[1]):
        f.write(f"{digit}\t{best}\t{count}\n")
