"""The course's claims as experiments: each is measured, and held against what it must reach.

    python -m dlkit_vision.experiments --list
    python -m dlkit_vision.experiments degradation --seeds 0 1 2 --figures pictures

Every module has a docstring that says what is claimed, what is done, what it shows and what it does
not, and a function `run(seed) -> Result`. Networks, optimizers, rates and epochs are constants at
its top. They were fixed before the seeds that are required were run, are the same for the networks
that are compared, and for every seed. Nothing is downloaded: the data are scikit-learn's digits.
"""

EXPERIMENTS = {  # module -> what it finds, which is its docstring's first line
    "dead_sigmoid": "Sigmoids leave LeNet at chance under plain SGD; "
    "tanh, BatchNorm or Adam revives it.",
    "batch_norm_rates": "BatchNorm lets ten layers learn at rates that are too high without it.",
    "degradation": "Plain-56 has a higher training error than plain-20 and than ResNet-56.",
    "lesions": "Most blocks of a residual network can go; hardly a layer of a plain one can.",
    "transfer": "What a network learned of five digits helps it with five others, "
    "of which it sees few.",
    "stacked_3x3": "Two 3×3 convolutions see as far as one of 5×5, and three as far as 7×7, "
    "with fewer weights.",
    "separable": "Separable convolutions cost 1/N + 1/k² of full ones, "
    "and are about as accurate on digits.",
    "inception_reduction": "1×1 reductions make the Inception module affordable.",
}
