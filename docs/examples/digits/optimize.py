# SPDX-License-Identifier: MIT
"""Stores the model in trained.json with 8 bits a weight, and says what that costs."""

import os
import struct

import digits

model = digits.restore("trained.json")
_, images = digits.load()

# One scale for each row: its largest weight becomes 127.
scales = [max(abs(w) for w in row) / 127 or 1.0 for row in model]
rounded = [[round(w / scale) for w in row] for row, scale in zip(model, scales)]
with open("model.int8", "wb") as f:
    for row, scale in zip(rounded, scales):
        f.write(struct.pack(f"<f{len(row)}b", scale, *row))
restored = [[w * scale for w in row] for row, scale in zip(rounded, scales)]

print(f"size_before: {os.path.getsize('trained.json')}")
print(f"size_after: {os.path.getsize('model.int8')}")
print(f"accuracy_before: {digits.accuracy(model, images):.4f}")
print(f"accuracy_after: {digits.accuracy(restored, images):.4f}")
