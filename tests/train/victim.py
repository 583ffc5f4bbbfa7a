"""A training that is killed on purpose: run by test_kill.py in a process of its own.

    python victim.py FOLDER EPOCHS KILL…
    python victim.py --worker FOLDER EPOCHS KILL

Each KILL is a phase at which the training, begun or resumed, gets SIGKILL:

    step:N     after the N-th step that this life trains, before anything of it is saved
    write:N    with the N-th file of this life's checkpoints written aside, before its rename
    time:S     S seconds after its first step, wherever it is
    none       not at all

In the first form a life without a kill comes last. Lives are forked from one process that has
imported TensorFlow, which takes longer than they live. Prints one JSON line a life, and the digest
at the end. In the second form it is one life of one of several workers, and `1/step:N` means
worker 1 alone.
"""

import json
import os
import pathlib
import signal
import sys
import threading

import keras

import dlkit
from dlkit.layers import ClassifierOutput
from dlkit.train import callbacks, checkpoint, cluster, run, state  # noqa: F401 (before the forks)


@dlkit.register_model("victim", task="image-classification", input_shape=(8, 8, 1))
def victim(*, num_classes=10, input_shape=(8, 8, 1)):
    """All that has state of its own: random layers, running statistics."""
    x = image = keras.Input(input_shape)
    x = keras.layers.Rescaling(1 / 255, dtype="float32")(x)
    x = keras.layers.RandomFlip("horizontal", seed=1)(x)
    x = keras.layers.Conv2D(4, 3, activation="relu")(x)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dropout(0.3, seed=2)(x)
    x = keras.layers.Dense(num_classes)(x)
    return keras.Model(image, ClassifierOutput()(x))


SETTINGS = {
    "limit_batches": 12,
    "save_every": "3steps",
    "augment": "shift",
    "early_stopping": 3,
    "optimizer": {
        "name": "adamw",
        "weight_decay": 1e-2,
        "clipnorm": 1.0,
        "ema_momentum": 0.9,
    },
}


class Killer(keras.callbacks.Callback):
    """Kills this process at a phase."""

    def __init__(self, kill):
        super().__init__()
        self.phase, _, number = kill.partition(":")
        self.number = float(number or 0)
        self.steps = 0
        if self.phase == "write":
            self._watch_renames()

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        if self.phase == "step" and self.steps == self.number:
            self.die()
        if self.phase == "time" and self.steps == 1:
            threading.Timer(self.number, self.die).start()

    def _watch_renames(self):
        rename, counted = os.replace, 0

        def replace(source, target):
            nonlocal counted
            if "ckpt" in str(target):
                counted += 1
                if counted == self.number:
                    self.die()
            rename(source, target)

        os.replace = replace

    def die(self):
        os.kill(os.getpid(), signal.SIGKILL)


def live(folder, epochs, kill):
    """One life: begins the run or goes on with it; returns the digest if it is let."""
    if (folder / "config.yaml").exists():
        session = dlkit.Run(folder, resume=True)
    else:
        session = dlkit.Run(folder, dlkit.Recipe.load("local/victim", epochs=epochs, **SETTINGS))
    model = session.build()
    args = session.fit_args()
    args["callbacks"].insert(1, Killer(kill))
    model.fit(session.train, validation_data=session.val, verbose=0, **args)
    return state.digest(model)


def work(folder, epochs, kill):
    """One life of one worker; prints its digest if it is let."""
    who, _, phase = kill.rpartition("/")
    mine = who == str(cluster.current().index)
    digest = live(pathlib.Path(folder), int(epochs), phase if mine else "none")
    print(json.dumps({"digest": digest}), flush=True)


def main(folder, epochs, *kills):
    folder = pathlib.Path(folder)
    for kill in (*kills, "none"):
        pid = os.fork()
        if pid == 0:
            digest = live(folder, int(epochs), kill)
            print(json.dumps({"kill": kill, "digest": digest}), flush=True)
            os._exit(0)
        status = os.waitpid(pid, 0)[1]
        steps = {}
        for path in sorted((folder / "ckpt").glob("[!.]*")):
            steps[path.name] = checkpoint.read(path).step  # raises, were it not whole
        print(json.dumps({"kill": kill, "exit": os.waitstatus_to_exitcode(status), "steps": steps}))
        sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1] == "--worker":
        work(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
