"""The same training by other libraries, and the matrix products that all of them need.

Each peer is a function (recipe, dataset, num_threads) -> epoch, where `epoch()` trains
for one pass over the training images and looks at the validation set once. Peers are
written as their own manuals advise, with the fastest variant found here. They import
their library themselves, since each runs in a process of its own.
"""

import math
from collections.abc import Callable

import numpy as np

from lab.data.dataset import Dataset
from lab.training.recipe import Recipe

Epoch = Callable[[], None]
Peer = Callable[[Recipe, Dataset, int], Epoch]

SEED = 0
BATCH_NORM_EPSILON, BATCH_NORM_DECAY = 1e-3, 0.99  # Keras's
ADAM_EPSILON = 1e-7


def scaled(images: np.ndarray) -> np.ndarray:
    """uint8 images → float32 rows in 0..1, as the labs preprocess them."""
    return images.reshape(len(images), -1).astype(np.float32) / 255


def keras_fit(recipe: Recipe, dataset: Dataset, num_threads: int) -> Epoch:
    """`fit` as the labs call it."""
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(num_threads)
    tf.config.threading.set_inter_op_parallelism_threads(num_threads)
    x = scaled(np.concatenate([dataset.x_train, dataset.x_validation]))
    y = np.concatenate([dataset.y_train, dataset.y_validation])
    penalty = keras.regularizers.L2(recipe.l2_lambda)
    (units,) = recipe.hidden_units
    model = keras.Sequential(
        [
            keras.Input(x.shape[1:]),
            keras.layers.Dense(units, kernel_regularizer=penalty),
            keras.layers.BatchNormalization(),
            keras.layers.Activation("relu"),
            keras.layers.Dropout(recipe.dropout_rate),
            keras.layers.Dense(
                dataset.num_classes, activation="softmax", kernel_regularizer=penalty
            ),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    share = len(dataset.y_validation) / len(y)
    return lambda: model.fit(
        x, y, batch_size=recipe.batch_size, validation_split=share, verbose=0
    )


def engine(recipe: Recipe, dataset: Dataset, num_threads: int) -> Epoch:
    """This project's trainer; always with one thread."""
    from lab.training import environment
    from lab.training.schedule import learning_rates
    from lab.training.trainer import Trainer

    environment.use_one_thread()
    trainer = Trainer(recipe, dataset)
    rng = np.random.default_rng(SEED)
    rates = learning_rates(recipe, 1, trainer.num_steps, 0)

    def epoch() -> None:
        trainer.train_epoch(rng.permutation(len(dataset.y_train)), rates)
        trainer.validate()

    return epoch


def pytorch(
    recipe: Recipe, dataset: Dataset, num_threads: int, *, compiled: bool = False
) -> Epoch:
    """Fused Adam, which has the gradient of the L2 penalty as `weight_decay`."""
    import torch
    from torch import nn

    torch.set_num_threads(num_threads)
    torch.manual_seed(SEED)
    x, x_validation = map(
        torch.from_numpy, (scaled(dataset.x_train), scaled(dataset.x_validation))
    )
    y, y_validation = (
        torch.from_numpy(labels.astype(np.int64))
        for labels in (dataset.y_train, dataset.y_validation)
    )
    (units,) = recipe.hidden_units
    network = nn.Sequential(
        nn.Linear(x.shape[1], units),
        nn.BatchNorm1d(units, eps=BATCH_NORM_EPSILON, momentum=1 - BATCH_NORM_DECAY),
        nn.ReLU(),
        nn.Dropout(recipe.dropout_rate),
        nn.Linear(units, dataset.num_classes),
    )
    decay = 2 * recipe.l2_lambda
    kernels = [weight for weight in network.parameters() if weight.ndim > 1]
    others = [weight for weight in network.parameters() if weight.ndim == 1]
    optimizer = torch.optim.Adam(
        [{"params": kernels, "weight_decay": decay}, {"params": others}],
        lr=recipe.learning_rate,
        eps=ADAM_EPSILON,
        fused=True,
    )
    cross_entropy = nn.CrossEntropyLoss()

    def objective(images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return cross_entropy(network(images), labels)

    if compiled:
        objective = torch.compile(objective, dynamic=False)

    def epoch() -> None:
        network.train()
        for batch in torch.randperm(len(y)).split(recipe.batch_size):
            optimizer.zero_grad()
            objective(x[batch], y[batch]).backward()
            optimizer.step()
        network.eval()
        with torch.inference_mode():
            cross_entropy(network(x_validation), y_validation).item()

    return epoch


def pytorch_compile(recipe: Recipe, dataset: Dataset, num_threads: int) -> Epoch:
    """PyTorch through `torch.compile`, which needs a C++ compiler."""
    return pytorch(recipe, dataset, num_threads, compiled=True)


def jax_jit(
    recipe: Recipe, dataset: Dataset, num_threads: int, *, num_models: int = 1
) -> Epoch:
    """A whole epoch in one `jit`; several models by `vmap` over their seeds.

    XLA takes as many threads as the process has cores.
    """
    import jax
    import jax.numpy as jnp

    # Quicker than the default generator on CPUs.
    jax.config.update("jax_default_prng_impl", "unsafe_rbg")
    x, x_validation = map(
        jnp.asarray, (scaled(dataset.x_train), scaled(dataset.x_validation))
    )
    y, y_validation = map(jnp.asarray, (dataset.y_train, dataset.y_validation))
    (units,) = recipe.hidden_units
    size, keep = recipe.batch_size, 1 - recipe.dropout_rate
    num_full = len(y) // size

    def new_state(seed: int) -> dict:
        first, last = jax.random.split(jax.random.key(seed))
        glorot = jax.nn.initializers.glorot_uniform()
        weights = {
            "w1": glorot(first, (x.shape[1], units)),
            "b1": jnp.zeros(units),
            "gamma": jnp.ones(units),
            "beta": jnp.zeros(units),
            "w2": glorot(last, (units, dataset.num_classes)),
            "b2": jnp.zeros(dataset.num_classes),
        }
        return {
            "weights": weights,
            "m": jax.tree.map(jnp.zeros_like, weights),
            "v": jax.tree.map(jnp.zeros_like, weights),
            "step": jnp.array(0),
            "mean": jnp.zeros(units),
            "variance": jnp.ones(units),
        }

    def output(weights, h, mean, variance, key=None):
        scale = weights["gamma"] * jax.lax.rsqrt(variance + BATCH_NORM_EPSILON)
        h = jax.nn.relu((h - mean) * scale + weights["beta"])
        if key is not None:
            h = jnp.where(jax.random.bernoulli(key, keep, h.shape), h / keep, 0)
        return h @ weights["w2"] + weights["b2"]

    def cross_entropy(logits, labels):
        chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1)
        return -jnp.mean(chosen)

    def objective(weights, images, labels, key):
        h = images @ weights["w1"] + weights["b1"]
        mean, variance = jnp.mean(h, 0), jnp.var(h, 0)
        logits = output(weights, h, mean, variance, key)
        penalty = jnp.sum(weights["w1"] ** 2) + jnp.sum(weights["w2"] ** 2)
        loss = cross_entropy(logits, labels) + recipe.l2_lambda * penalty
        return loss, (mean, variance)

    def train_step(state, batch_and_key):
        batch, key = batch_and_key
        (loss, moments), gradients = jax.value_and_grad(objective, has_aux=True)(
            state["weights"], x[batch], y[batch], key
        )
        step = state["step"] + 1
        rate = recipe.learning_rate * jnp.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        m = jax.tree.map(lambda m, g: m + 0.1 * (g - m), state["m"], gradients)
        v = jax.tree.map(lambda v, g: v + 0.001 * (g * g - v), state["v"], gradients)
        weights = jax.tree.map(
            lambda w, m, v: w - rate * m / (jnp.sqrt(v) + ADAM_EPSILON),
            state["weights"],
            m,
            v,
        )
        mean, variance = (
            BATCH_NORM_DECAY * state[name] + (1 - BATCH_NORM_DECAY) * new
            for name, new in zip(("mean", "variance"), moments, strict=True)
        )
        return {
            "weights": weights,
            "m": m,
            "v": v,
            "step": step,
            "mean": mean,
            "variance": variance,
        }, loss

    def train_epoch(state, key):
        order_key, last_key, *keys = jax.random.split(key, 2 + num_full)
        order = jax.random.permutation(order_key, len(y))
        batches = order[: num_full * size].reshape(num_full, size)
        state, losses = jax.lax.scan(train_step, state, (batches, jnp.stack(keys)))
        if num_full * size < len(y):
            state, _ = train_step(state, (order[num_full * size :], last_key))
        h = x_validation @ state["weights"]["w1"] + state["weights"]["b1"]
        logits = output(state["weights"], h, state["mean"], state["variance"])
        return state, (jnp.mean(losses), cross_entropy(logits, y_validation))

    if num_models == 1:
        state, graph = new_state(SEED), jax.jit(train_epoch, donate_argnums=0)
    else:
        state = jax.vmap(new_state)(jnp.arange(num_models))
        graph = jax.jit(jax.vmap(train_epoch), donate_argnums=0)
    keys = [jax.random.key(SEED)]

    def epoch() -> None:
        nonlocal state
        keys[0], key = jax.random.split(keys[0])
        if num_models > 1:
            key = jax.random.split(key, num_models)
        state, losses = graph(state, key)
        jax.block_until_ready((state, losses))

    return epoch


def jax_vmap(recipe: Recipe, dataset: Dataset, num_threads: int) -> Epoch:
    """Two models at once in one process."""
    return jax_jit(recipe, dataset, num_threads, num_models=2)


# --- the floor ------------------------------------------------------------------------


def _operands(recipe: Recipe, dataset: Dataset) -> tuple[list[np.ndarray], int]:
    """Batch, hidden layer, logits and both kernels; and the steps of an epoch."""
    (units,) = recipe.hidden_units
    inputs, size = math.prod(dataset.image_shape), recipe.batch_size
    rng = np.random.default_rng(SEED)
    shapes = [
        (size, inputs),
        (size, units),
        (size, dataset.num_classes),
        (inputs, units),
        (units, dataset.num_classes),
    ]
    operands = [rng.random(shape, dtype=np.float32) for shape in shapes]
    return operands, math.ceil(len(dataset.y_train) / size)


def floor_numpy(recipe: Recipe, dataset: Dataset, num_threads: int) -> Epoch:
    """The five matrix products of a step and nothing else, into the same memory."""
    (x, h, logits, w1, w2), num_steps = _operands(recipe, dataset)
    out = [np.empty_like(array) for array in (h, logits, w2, h, w1)]

    def epoch() -> None:
        for _ in range(num_steps):
            np.matmul(x, w1, out=out[0])
            np.matmul(h, w2, out=out[1])
            np.matmul(h.T, logits, out=out[2])
            np.matmul(logits, w2.T, out=out[3])
            np.matmul(x.T, h, out=out[4])

    return epoch


def floor_pytorch(recipe: Recipe, dataset: Dataset, num_threads: int) -> Epoch:
    """The same products by PyTorch."""
    import torch

    torch.set_num_threads(num_threads)
    arrays, num_steps = _operands(recipe, dataset)
    x, h, logits, w1, w2 = map(torch.from_numpy, arrays)
    out = [torch.empty_like(tensor) for tensor in (h, logits, w2, h, w1)]

    def epoch() -> None:
        for _ in range(num_steps):
            torch.mm(x, w1, out=out[0])
            torch.mm(h, w2, out=out[1])
            torch.mm(h.T, logits, out=out[2])
            torch.mm(logits, w2.T, out=out[3])
            torch.mm(x.T, h, out=out[4])

    return epoch


def floor_tensorflow(recipe: Recipe, dataset: Dataset, num_threads: int) -> Epoch:
    """The same products by TensorFlow, in one graph."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(num_threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    arrays, num_steps = _operands(recipe, dataset)
    # Variables, for products of constants would be computed once, ahead of the loop.
    variables = [tf.Variable(array) for array in arrays]

    def products(step: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        x, h, logits, w1, w2 = (variable.read_value() for variable in variables)
        results = [
            tf.matmul(x, w1),
            tf.matmul(h, w2),
            tf.matmul(h, logits, transpose_a=True),
            tf.matmul(logits, w2, transpose_b=True),
            tf.matmul(x, h, transpose_a=True),
        ]
        return step + 1, total + tf.add_n([result[0, 0] for result in results])

    @tf.function(autograph=False)
    def graph() -> tf.Tensor:
        return tf.while_loop(
            lambda step, _: step < num_steps,
            products,
            (tf.constant(0), tf.constant(0.0)),
        )[1]

    return lambda: graph().numpy()


PEERS: dict[str, Peer] = {
    "Keras fit": keras_fit,
    "this engine": engine,
    "PyTorch eager": pytorch,
    "PyTorch compile": pytorch_compile,
    "JAX jit": jax_jit,
    "JAX vmap (2 models)": jax_vmap,
    "products, NumPy": floor_numpy,
    "products, PyTorch": floor_pytorch,
    "products, TensorFlow": floor_tensorflow,
}
