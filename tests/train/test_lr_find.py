"""The range test: what it sees, what it suggests, and that it leaves no trace."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import dlkit
from dlkit.registry.errors import DlkitError, UsageError
from dlkit.train import lr_find, state


def classifier(optimizer="sgd", **options):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([
        keras.Input((8,)),
        keras.layers.Dense(16, activation="relu"),
        keras.layers.Dropout(0.2),
        keras.layers.BatchNormalization(),
        keras.layers.Dense(3, activation="softmax"),
    ])  # fmt: skip
    model.compile(optimizer, "sparse_categorical_crossentropy", **options)
    return model


@pytest.fixture(scope="module")
def data():
    draw = np.random.default_rng(0)
    x = draw.normal(size=(256, 8)).astype("float32")
    y = x[:, :3].argmax(axis=1)
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(32)


def curve(fall=2.0, steepest=1e-3, leap=0.1, n=160):
    """A textbook's: it falls around one rate, and leaps up at another."""
    rates = np.geomspace(1e-7, 10, n)
    losses = 2.3 - fall / (1 + (steepest / rates) ** 2) + (rates / leap) ** 3
    return rates[losses < 4], losses[losses < 4]


def test_the_suggestion_is_half_way_from_the_steepest_descent_to_the_minimum():
    found = lr_find._judged(*curve(), diverged=True)
    assert 5e-4 < found.steepest < 2e-3
    assert 4e-3 < found.lowest < 6e-2
    assert found.suggestion == pytest.approx(np.sqrt(found.steepest * found.lowest), rel=0.05)


def test_noise_moves_it_little():
    rates, losses = curve()
    draw = np.random.default_rng(0)
    clean = lr_find._judged(rates, losses, diverged=True).suggestion
    for _ in range(20):
        noisy = losses + draw.normal(0, 0.1, len(losses))
        assert 1 / 3 < lr_find._judged(rates, noisy, diverged=True).suggestion / clean < 3


def test_where_nothing_is_learned_nothing_is_suggested():
    rates = np.geomspace(1e-7, 10, 160)
    assert lr_find._judged(rates, [2.3] * 160, diverged=False).suggestion is None
    assert lr_find._judged(rates, 2.3 + rates, diverged=True).suggestion is None


def test_values_that_are_none_are_left_out():
    rates, losses = curve()
    found = lr_find._judged(rates, [*losses[:-1], np.nan], diverged=True)
    assert len(found.rates) == len(losses) - 1 and np.isfinite(found.smooth).all()


@pytest.mark.parametrize("losses", [[np.nan], [2.3, np.nan], [2.3] * 9 + [np.inf]])
def test_where_the_first_losses_are_none_it_is_told(losses):
    with pytest.raises(DlkitError, match=f"in step {len(losses)}, at ") as caught:
        lr_find._judged(np.geomspace(1e-7, 10, 30), losses, diverged=True)
    assert "dlkit check" in caught.value.fix


class Falling(keras.optimizers.schedules.LearningRateSchedule):
    """Does not say how it is made, and is not registered."""

    def __init__(self, rate):
        self.rate = rate

    def __call__(self, step):
        return self.rate / (1 + keras.ops.cast(step, "float32"))


class Told(Falling):
    """Says how it is made, and is not registered."""

    def get_config(self):
        return {"rate": self.rate}


@pytest.mark.parametrize("rate", [Falling(0.1), Told(0.1), lambda: 0.1])
def test_a_rate_of_ones_own_is_put_back_itself(data, rate):
    model = classifier(keras.optimizers.SGD(rate))
    found = lr_find.sweep(model, data, lowest=1e-4, steps=20)
    assert len(found.rates) > 10 and found.rates[0] == pytest.approx(1e-4)
    assert model.optimizer._learning_rate is rate
    assert float(model.optimizer.learning_rate) == pytest.approx(0.1)


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: "sgd",
        lambda: keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 100)),
        lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1, momentum=0.9)),
    ],
)
def test_the_model_is_as_it_was(data, optimizer):
    model = classifier(optimizer(), metrics=["accuracy"])
    history = model.fit(data, verbose=0, shuffle=False)
    before, rate = state.digest(model), float(model.optimizer.learning_rate)
    function = model.train_function
    found = lr_find.sweep(model, data, steps=60)
    assert state.digest(model) == before and float(model.optimizer.learning_rate) == rate
    assert model.history is history and model.train_function is function
    assert found.rates[0] == pytest.approx(1e-7) and len(found.rates) == len(found.losses)
    again = classifier(optimizer(), metrics=["accuracy"])
    again.fit(data, verbose=0, shuffle=False)
    for one in (model, again):
        one.fit(data, verbose=0, shuffle=False)
    assert state.digest(model) == state.digest(again)


def test_the_rates_are_those_of_the_steps(data):
    rates = []
    model = classifier(steps_per_execution=4)
    apply = model.optimizer.apply

    def noted(grads, variables=None):
        tf.py_function(lambda rate: rates.append(float(rate)), [model.optimizer.learning_rate], [])
        apply(grads, variables)

    object.__setattr__(model.optimizer, "apply", noted)
    found = lr_find.sweep(model, data, lowest=1e-4, highest=1e-2, steps=20)
    np.testing.assert_allclose(rates, np.geomspace(1e-4, 1e-2, 20), rtol=1e-5)
    np.testing.assert_allclose(found.rates, rates, rtol=1e-5)
    assert model.steps_per_execution == 4


def test_it_stops_where_the_loss_leaps_up(data):
    model = classifier(keras.optimizers.SGD(momentum=0.9))
    model.layers[-1].kernel.assign(10 * model.layers[-1].kernel)
    found = lr_find.sweep(model, data, highest=1e4, steps=100)
    assert found.diverged and len(found.rates) < 100


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"lowest": 0.0}, "rise from above 0"),
        ({"lowest": 1.0, "highest": 0.1}, "rise from above 0"),
        ({"steps": 5}, "too few"),
    ],
)
def test_arguments_that_make_no_sense(data, options, told):
    with pytest.raises(UsageError, match=told):
        lr_find.sweep(classifier(), data, **options)


def test_models_that_cannot_be_trained_yet(data):
    with pytest.raises(UsageError, match="not compiled"):
        lr_find.sweep(keras.Sequential([keras.Input((8,)), keras.layers.Dense(3)]), data)
    unbuilt = keras.Sequential([keras.layers.Dense(3)])
    unbuilt.compile("sgd", "mse")
    with pytest.raises(UsageError, match="no weights yet"):
        lr_find.sweep(unbuilt, data)


def test_of_a_run(tmp_path, recipe):
    run = dlkit.Run(tmp_path / "r", recipe)
    found = lr_find.of_run(run, steps=60)
    assert found.suggestion is not None and not run.folder.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "settings", "reached"),
    [
        ("lenet5", {}, 0.98),
        ("lenet5", {"optimizer.name": "sgd"}, 0.98),
        ("resnet20", {}, 0.97),
    ],
)
def test_training_at_the_suggestion_works(tmp_path, model, settings, reached):
    """As well as at the recipes' own rates, which were found by hand: 0.99 and 0.98."""
    recipe = dlkit.Recipe.load(model, "digits", **settings)
    rate = lr_find.of_run(dlkit.Run(tmp_path / "sweep", recipe)).suggestion
    run = dlkit.Run(tmp_path / "r", recipe.replace(**{"optimizer.learning_rate": rate}))
    history = run.build().fit(run.train, validation_data=run.val, verbose=0, **run.fit_args())
    assert max(history.history["val_accuracy"]) >= reached
