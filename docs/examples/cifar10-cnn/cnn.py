# SPDX-License-Identifier: MIT
"""The images and the network, which takes its shape from them."""

import gzip
import os
import pickle

import keras
import numpy as np
import tensorflow as tf

CLASSES = 10
BATCH = 500  # images to guess at a time
DIGITS_TRAINING = 1500  # of the 1,797 digits; the others are for measuring


def load(path="data"):
    """Images and their classes, twice: for training and for measuring."""
    return load_cifar10(path) if os.path.isdir(path) else load_digits(path)


def load_digits(path):
    with gzip.open(path, "rt") as f:
        rows = np.loadtxt(f, delimiter=",", dtype="float32")
    images = rows[:, :-1].reshape(-1, 8, 8, 1) / 16
    classes = rows[:, -1].astype("int64")
    return (
        (images[:DIGITS_TRAINING], classes[:DIGITS_TRAINING]),
        (images[DIGITS_TRAINING:], classes[DIGITS_TRAINING:]),
    )


def load_cifar10(path):
    """The Python version of CIFAR-10: files of pickled images. Pickles are programs: trust yours."""
    batches = [read_batch(path, f"data_batch_{n}") for n in range(1, 6)]
    training = tuple(np.concatenate(parts) for parts in zip(*batches))
    return training, read_batch(path, "test_batch")


def read_batch(path, name):
    with open(os.path.join(path, name), "rb") as f:
        batch = pickle.load(f, encoding="bytes")
    images = batch[b"data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return images.astype("float32") / 255, np.array(batch[b"labels"])


def network(shape, filters, dropout):
    layers = [keras.Input(shape)]
    for width in (filters, 2 * filters):
        layers += [
            keras.layers.Conv2D(width, 3, padding="same", activation="relu"),
            keras.layers.Conv2D(width, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Dropout(dropout),
        ]
    layers += [
        keras.layers.Flatten(),
        keras.layers.Dense(8 * filters, activation="relu"),
        keras.layers.Dropout(dropout),
        keras.layers.Dense(CLASSES),
    ]
    return keras.Sequential(layers)


def fit(model, training, test, args):
    """Trains, says how good it got, and saves the network twice: to go on, and to be served."""
    model.compile(
        optimizer=keras.optimizers.Adam(args.learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(
        *training,
        epochs=args.epochs,
        batch_size=args.batch_size,
        validation_data=test,
        callbacks=[keras.callbacks.TensorBoard("logs", histogram_freq=1)],
    )
    loss, accuracy = model.evaluate(*test, verbose=0)
    print(f"Test loss: {loss:.6f}")
    print(f"Test accuracy: {accuracy:.4f}")
    model.save("model.keras")
    model.export("saved_model", verbose=False)


def guess(path, images):
    """What a SavedModel takes them for, as a server would answer."""
    model = tf.saved_model.load(path)
    batches = [images[at : at + BATCH] for at in range(0, len(images), BATCH)]
    return np.concatenate([np.argmax(model.serve(batch), 1) for batch in batches])
