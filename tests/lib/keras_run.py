# SPDX-License-Identifier: MIT
"""A Keras program that logs in every way TensorFlow has, and says in logged.jsonl what.

Each line is a list of a scalar's key, as Guild AI names it, a step and a value. After each epoch
it makes a file epoch-N and waits for a file go-N.
"""
import argparse
import json
import os
import time

import keras
import numpy as np
import tensorflow as tf

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--rate", type=float, default=0.01)
args = parser.parse_args()
logged = open("logged.jsonl", "w")


def log(key, step, value):
    print(json.dumps([key, int(step), float(np.float32(value))]), file=logged)


root = tf.summary.create_file_writer(".")
with tf.Graph().as_default():
    old = tf.compat.v1.summary.FileWriter("old style")
board = keras.callbacks.TensorBoard("logs", histogram_freq=1, write_images=True, update_freq=1)


def write_root(epoch):
    with root.as_default(step=epoch * 1000):
        values = {"own/cos": np.cos(epoch), "own": -epoch, "own/big": 1e38, "own/nan": np.nan}
        for tag, value in values.items():
            tf.summary.scalar(tag, value)
            log(tag, epoch * 1000, value)
        tf.summary.image("pictures", np.zeros((1, 4, 4, 3)))
        tf.summary.histogram("numbers", np.arange(10.0))
        tf.summary.text("words", "1.5")
        tf.summary.audio("noise", np.zeros((1, 8, 1), "float32"), 8000)


def write_old(epoch):
    value = tf.compat.v1.Summary.Value(tag="simple", simple_value=epoch / 3)
    old.add_summary(tf.compat.v1.Summary(value=[value]), epoch)
    log("old style#simple", epoch, epoch / 3)


class Recorder(keras.callbacks.Callback):
    """Comes behind the TensorBoard callback, but before the one that prints."""

    batches = 0
    printed = []

    def on_epoch_begin(self, epoch, logs=None):
        for key, step, value in self.printed:
            log(key, step, float(("%.4f" if abs(value) > 1e-3 else "%.4e") % value))
        self.printed = []

    def on_train_batch_end(self, batch, logs=None):
        self.batches += 1
        for name, value in logs.items():
            log("logs/train#batch_" + name, self.batches, value)

    def on_test_end(self, logs=None):
        for name, value in logs.items():
            key = f"logs/validation#evaluation_{name}_vs_iterations"
            log(key, self.model.optimizer.iterations, value)

    def on_epoch_end(self, epoch, logs=None):
        log("logs/train#epoch_learning_rate", epoch, self.model.optimizer.learning_rate)
        for name, value in logs.items():
            where = "validation" if name.startswith("val_") else "train"
            log(f"logs/{where}#epoch_{name.removeprefix('val_')}", epoch, value)
            self.printed.append((name, epoch + 1, value))
        write_root(epoch)
        write_old(epoch)
        for writer in (root, old, board._train_writer, board._val_writer):
            writer.flush()
        logged.flush()
        open(f"epoch-{epoch}", "w").close()
        while not os.path.exists(f"go-{epoch}"):
            time.sleep(0.02)

    def on_train_end(self, logs=None):
        self.on_epoch_begin(args.epochs)


keras.utils.set_random_seed(1)
images = np.random.rand(64, 8, 8, 1).astype("float32")
classes = (images.mean((1, 2, 3)) * 100).astype("int64") % 3
model = keras.Sequential([
    keras.Input((8, 8, 1)),
    keras.layers.Conv2D(4, 3, activation="relu"),
    keras.layers.Flatten(),
    keras.layers.Dense(3),
])
model.compile(
    keras.optimizers.Adam(args.rate),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(
    images,
    classes,
    epochs=args.epochs,
    batch_size=16,
    validation_data=(images, classes),
    callbacks=[board, Recorder()],
)
loss, accuracy = model.evaluate(images, classes, verbose=0)
print("Test loss:", loss)
print("Test accuracy:", accuracy)
log("test_loss", args.epochs, loss)
log("test_accuracy", args.epochs, accuracy)
logged.close()
np.savez("predicted.npz", images=images, scores=model.predict(images, verbose=0))
model.export("saved_model", verbose=False)
