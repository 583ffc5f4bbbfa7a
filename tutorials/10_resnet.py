r"""
ResNet: why deeper was worse, and what a shortcut mends
=======================================================

**Question.** A deeper network can do all that a shallower one does: let its further layers hand on
what they are given. So why did plain networks become *worse* with depth, and worse in training,
where there is nothing to overfit?

He, Zhang, Ren and Sun named this degradation, and answered it with one addition, in "Deep Residual
Learning for Image Recognition" (arXiv:1512.03385, sections 1, 3.1 and 4.2). Here both kinds of
network have exactly as many parameters and train on the same digits for the same steps.

Run it with ``python 10_resnet.py``; it takes about a minute and needs no network. ``--seed 1``
draws other first weights. ``--model my-plugin/my-net`` sets a residual network of yours against the
same plain one, and ``--image-size 32`` is for networks that need more pixels than 8.
"""

import argparse

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

import dlkit
from dlkit import inspection, plots

parser = argparse.ArgumentParser()
parser.add_argument("--model", default="resnet44")
parser.add_argument("--image-size", type=int, default=8)
parser.add_argument("--seed", type=int, default=0)
options = parser.parse_known_args()[0]

EPOCHS = 6

# %%
# Equal but for an addition
# -------------------------
# A plain pair of layers must learn all of the mapping :math:`y` it stands for, the identity too. A
# residual block learns only what to add to its input; with :math:`F = 0` it *is* the identity:
#
# .. math:: y = F(x) \qquad \text{or} \qquad y = F(x) + x
#
# Both networks have 44 layers: 3×3 convolutions in three stages of 16, 32 and 64 channels, each
# with its batch norm, and a dense layer (section 4.2 of the paper). The shortcut is an addition
# without parameters (option A), so they cost the same.

digits = dlkit.create("dataset", "digits", image_size=options.image_size)
images, labels = digits.arrays("train")  # (1077, 8, 8, 1), (1077,)
test_images, test_labels = digits.arrays("test")

networks = {}
for name in ("plain20", "plain44", options.model):
    keras.utils.set_random_seed(options.seed)
    networks[name] = dlkit.create_model(name, input_shape=digits.image_shape, num_classes=10)
    print(f"{name}: {networks[name].count_params():,} parameters and statistics")
shallow, plain, residual = networks.values()

# %%
# What reaches the first layer
# ----------------------------
# Backwards, a gradient is multiplied by each block's Jacobian. A shortcut adds 1 to it, so that a
# path remains on which nothing is multiplied at all:
#
# .. math:: \frac{\partial y}{\partial x} = \frac{\partial F}{\partial x} \qquad \text{or} \qquad
#    \frac{\partial y}{\partial x} = \frac{\partial F}{\partial x} + 1
#
# The norm of each convolution's gradient before any training, on one batch:


def gradient_norms(model):
    """One norm a convolution, from the image on."""
    kernels = [one.kernel.value for one in model.layers if isinstance(one, keras.layers.Conv2D)]
    with tf.GradientTape() as tape:
        probabilities = model(images[:64], training=True)  # (64, 10)
        losses = keras.losses.sparse_categorical_crossentropy(labels[:64], probabilities)
        loss = tf.reduce_mean(losses)
    return np.array([float(tf.norm(slope)) for slope in tape.gradient(loss, kernels)])


norms = {name: gradient_norms(model) for name, model in networks.items()}
growth = {name: each[0] / each[-1] for name, each in norms.items()}  # first layer / last layer
for name, ratio in growth.items():
    print(f"{name}: the first layer's gradient is {ratio:.1f} times the last one's")

# %%
# **It does not vanish: it explodes.** The usual story says that the gradient dies on its way. With
# batch norms it grows by about a tenth in every layer, which 44 layers make a hundredfold; the
# paper already held vanishing "unlikely" for this reason (section 4.1), and Yang et al. (2019,
# arXiv:1902.08129) derive the growth from the norm itself. One learning rate then suits either the
# first layers or the last.
#
# The same budget for all
# -----------------------

histories = {}
for name, model in networks.items():
    keras.utils.set_random_seed(options.seed)
    sgd = keras.optimizers.SGD(0.03, momentum=0.9)
    model.compile(sgd, "sparse_categorical_crossentropy", metrics=["accuracy"])
    histories[name] = model.fit(images, labels, batch_size=64, epochs=EPOCHS, verbose=0).history
    _, histories[name]["test"] = model.evaluate(test_images, test_labels, verbose=0)
    print(f"{name}: {histories[name]['accuracy'][-1]:.1%} in training, "
          f"{histories[name]['test']:.1%} on test digits")  # fmt: skip

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
for name in networks:
    left.semilogy(np.arange(1, len(norms[name]) + 1), norms[name], label=name)
    right.plot(np.arange(1, EPOCHS + 1), histories[name]["accuracy"], label=name)
left.set(title="Gradient norm before training", xlabel="convolution, from the image on")
right.set(title="Training accuracy", xlabel="epoch", ylim=(0, 1.02))
right.legend(frameon=False)
figure.savefig("resnet_plain.png", dpi=144)
plt.show()

# %%
# **Look at** the left end of the left picture, and at the order on the right: of the plain networks
# the deeper learns worse, and this is training accuracy.
#
# Many short networks in one
# --------------------------
# If every block only adds, then :math:`n` blocks hold :math:`2^n` paths, and one lost block breaks
# half of them only. Veit, Wilber and Belongie ("Residual Networks Behave Like Ensembles of
# Relatively Shallow Networks", arXiv:1605.06431, section 4.1) cut blocks out of a trained network:

whole, cut = inspection.lesion_study(residual, test_images, test_labels)
blocks = inspection.residual_blocks(residual)
plots.save(plots.lesions(blocks, cut, whole, f"{options.model} without a block"), "resnet_cut.png")
print(f"whole {whole:.1%}; without any one of {len(blocks)} blocks {np.median(cut):.1%} (median)")

# %%
# **Look at** which blocks are missed: the first, which make what all others only refine. Each of
# the later ones can go alone. That is what the paper on ensembles says, and it can also mean that
# digits are too easy to need them.
#
# What holds, and what does not
# -----------------------------
# This is a difference in *speed*: 102 steps at one rate. It does not show that plain networks never
# arrive, nor that depth helps on digits: 20 plain layers do well enough. With three times the rate
# or a third of it the order was the same. The paper's own runs take 64,000 steps of CIFAR-10
# (section 4.2, figure 6): ``dlkit train plain56 --dataset cifar10``, and ``resnet56``.

gain = histories[options.model]["test"] - histories["plain44"]["test"]
degraded = histories["plain20"]["accuracy"][-1] - histories["plain44"]["accuracy"][-1]
size, limit, left = residual.count_params(), plain.count_params(), np.median(cut)
print(f"claim: parameters of the residual network: {size}, required <= {limit}")
print(f"claim: residual beats plain on test digits by: {gain:.4f}, required >= 0.1")
print(f"claim: 20 plain layers beat 44 in training by: {degraded:.4f}, required >= 0.1")
print(f"claim: plain gradients grow on their way by: {growth['plain44']:.1f}, required >= 10")
print(f"claim: residual gradients grow by: {growth[options.model]:.1f}, required <= 10")
print(f"claim: median accuracy without a block: {left:.4f}, required >= {whole - 0.1:.4f}")
