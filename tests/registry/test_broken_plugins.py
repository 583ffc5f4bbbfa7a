"""Four ways for a plugin to be broken, side by side with a healthy one."""

import json
import subprocess
import sys

import pytest

MODEL = """
api = 1
[[model]]
name = "net"
build = "{package}:net"
summary = "a dense layer"
task = "image-classification"
params = 20
variables = 20
license = "MIT"
input_shape = [3, 3, 1]
num_classes = 2
"""
BUILDER = '''
def net(*, num_classes=2, input_shape=(3, 3, 1)):
    """A dense layer."""
    import keras

    image = keras.Input(input_shape, name="image")
    flat = keras.layers.Flatten(name="flat")(image)
    top = keras.layers.Dense(num_classes, activation="softmax", name="top")
    return keras.Model(image, top(flat), name="net")
'''
BROKEN = {  # plugin -> its package's first lines, the state that a deep look finds
    "acme-raises": ("raise RuntimeError('not today')", "raises"),
    "acme-exits": ("import sys; sys.exit(3)", "exits"),
    "acme-segfaults": ("import faulthandler; faulthandler._sigsegv()", "crashes"),
    "acme-mistyped": ("", "invalid"),
}


@pytest.fixture(autouse=True)
def installed(make_plugin):
    for name, (source, state) in BROKEN.items():
        manifest = MODEL.format(package=name.replace("-", "_"))
        if state == "invalid":
            manifest = manifest.replace("params = 20", 'params = "20"')
        make_plugin(name, manifest, {"__init__.py": source + BUILDER}, refresh=False)
    manifest = MODEL.format(package="acme_healthy")
    make_plugin("acme-healthy", manifest, {"__init__.py": BUILDER})


@pytest.mark.parametrize("verb", ["models", "datasets", "plugins"])
def test_listing_works_beside_them(verb, dlkit_command):
    done = dlkit_command(verb)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert "Traceback" not in done.stderr


def test_the_note_is_one_line_and_says_what_to_run(dlkit_command):
    done = dlkit_command("models", "--json")
    names = [row["name"] for row in json.loads(done.stdout)]
    assert {"acme-healthy/net", "acme-raises/net", "acme-exits/net", "acme-segfaults/net"} <= {
        *names
    }
    assert "acme-mistyped/net" not in names
    note, advice = done.stderr.splitlines()
    assert note.startswith("note: 1 plugin skipped: acme-mistyped 0.1 (")
    assert "model[0].params: expected an integer" in note
    assert advice == "  Run: dlkit doctor"


def test_doctor_names_the_broken_manifest(dlkit_command):
    done = dlkit_command("doctor")
    assert done.returncode == 1
    assert "acme-mistyped 0.1: invalid" in done.stdout
    assert dlkit_command("doctor", "acme-healthy").returncode == 0


def test_a_deep_look_survives_all_four(dlkit_command):
    states = {}
    for name in [*BROKEN, "acme-healthy"]:  # one by one: dlkit's own import takes TensorFlow's time
        done = dlkit_command("doctor", name, "--deep", "--json")
        (row,) = json.loads(done.stdout)["plugins"]
        states[name] = row["state"]
        assert done.returncode == (name != "acme-healthy"), done.stderr
    assert states == {name: state for name, (_, state) in BROKEN.items()} | {"acme-healthy": "ok"}


@pytest.mark.slow
def test_a_deep_look_at_everything(dlkit_command):
    done = dlkit_command("doctor", "--deep", timeout=600)
    assert done.returncode == 1
    assert f"{len(BROKEN)} plugins of " in done.stdout
    assert "acme-segfaults 0.1: crashes\n  the process was killed by SIGSEGV" in done.stdout


def test_a_healthy_plugins_model_still_builds():
    code = (
        "import dlkit\n"
        "assert dlkit.create_model('acme-healthy/net').count_params() == 20\n"
        "for name in ('raises', 'exits', 'mistyped'):\n"
        "    try:\n"
        "        dlkit.create_model(f'acme-{name}/net')\n"
        "    except dlkit.DlkitError as error:\n"
        "        print(type(error).__name__, error.fix)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True
    )
    for line, name in zip(done.stdout.splitlines(), ("raises", "exits", "mistyped"), strict=True):
        assert line.startswith("PluginBroken Diagnose it: dlkit doctor ")
        assert line.endswith(f" acme-{name}")
