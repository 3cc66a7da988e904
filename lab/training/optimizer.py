"""The update rules: Keras's optimizers, and each in one kernel per variable."""

from typing import TYPE_CHECKING

import keras
import tensorflow as tf

if TYPE_CHECKING:
    from lab.training.recipe import Recipe


def keras_optimizer(recipe: "Recipe") -> keras.optimizers.Optimizer:
    """The optimizer of the recipe; what the recipe does not say is as in Keras."""
    if recipe.optimizer == "sgd":
        return keras.optimizers.SGD(recipe.learning_rate, momentum=recipe.momentum)
    classes = {"adam": keras.optimizers.Adam, "rmsprop": keras.optimizers.RMSprop}
    return classes[recipe.optimizer](recipe.learning_rate)


class FusedOptimizer:
    """Updates each variable by one kernel of TensorFlow, as Keras's optimizer would.

    Arithmetic and constants are those of Keras, which itself needs several elementwise
    kernels for an update, each of them a pass over all weights.

    Attributes:
        variables: what is updated, in the order in which gradients are given.
    """

    def __init__(self, recipe: "Recipe", variables: list[keras.Variable]):
        self._constants = keras_optimizer(recipe)
        self._update = {
            "adam": self._adam,
            "rmsprop": self._rmsprop,
            "sgd": self._momentum if recipe.momentum else self._gradient_descent,
        }[recipe.optimizer]
        self.variables = [variable.value for variable in variables]
        self._slots = [
            [tf.Variable(tf.zeros_like(variable)) for variable in self.variables]
            for _ in range(2)
        ]
        # Both betas of Adam to the power of the step, which its kernel asks for.
        self._powers = [tf.Variable(1.0), tf.Variable(1.0)]

    def reset(self) -> None:
        """Forget all steps: moments and powers are as in a new optimizer."""
        for slot in self._slots:
            for variable in slot:
                variable.assign(tf.zeros_like(variable))
        for power in self._powers:
            power.assign(1.0)

    def apply(self, gradients: list[tf.Tensor], rate: tf.Tensor) -> None:
        """One step with the given learning rate, in place."""
        if self._update == self._adam:
            betas = (self._constants.beta_1, self._constants.beta_2)
            for power, beta in zip(self._powers, betas, strict=True):
                power.assign(power * beta)
        for variable, gradient, *slots in zip(
            self.variables, gradients, *self._slots, strict=True
        ):
            self._update(
                *(slot.handle for slot in slots),
                var=variable.handle,
                grad=gradient,
                lr=rate,
            )

    def _adam(self, first: tf.Tensor, second: tf.Tensor, **step: tf.Tensor) -> None:
        constants = self._constants
        tf.raw_ops.ResourceApplyAdam(
            **step,
            m=first,
            v=second,
            beta1_power=self._powers[0],
            beta2_power=self._powers[1],
            beta1=constants.beta_1,
            beta2=constants.beta_2,
            epsilon=constants.epsilon,
        )

    def _rmsprop(self, first: tf.Tensor, second: tf.Tensor, **step: tf.Tensor) -> None:
        constants = self._constants
        tf.raw_ops.ResourceApplyRMSProp(
            **step,
            ms=first,
            mom=second,
            rho=constants.rho,
            momentum=constants.momentum,
            epsilon=constants.epsilon,
        )

    def _momentum(self, first: tf.Tensor, _: tf.Tensor, **step: tf.Tensor) -> None:
        tf.raw_ops.ResourceApplyKerasMomentum(
            **step, accum=first, momentum=self._constants.momentum
        )

    def _gradient_descent(
        self, *_: tf.Tensor, var: tf.Tensor, grad: tf.Tensor, lr: tf.Tensor
    ) -> None:
        tf.raw_ops.ResourceApplyGradientDescent(var=var, alpha=lr, delta=grad)
