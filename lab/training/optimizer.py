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
    kernels for an update, each of them a pass over all weights. The gradient of the L2
    penalty, lambda * sum(w ** 2) over all kernels, is added here, in one pass as well.

    Args:
        recipe: names the optimizer, and has the weight of the penalty.
        variables: what is updated.

    Attributes:
        variables: as given, in the order in which gradients are given.
    """

    def __init__(self, recipe: "Recipe", variables: list[tf.Variable]):
        self._constants = keras_optimizer(recipe)
        self._update = {
            "adam": self._adam,
            "rmsprop": self._rmsprop,
            "sgd": self._momentum if recipe.momentum else self._gradient_descent,
        }[recipe.optimizer]
        self._l2_weight = recipe.l2_lambda
        self.variables = variables
        self._slots = [
            [tf.Variable(tf.zeros_like(variable)) for variable in variables]
            for _ in range(2)
        ]
        # By shape of a kernel with a penalty, where its gradient is while that of the
        # penalty is added to it: only variables can be changed in place.
        self._places = {
            tuple(variable.shape): tf.Variable(tf.zeros_like(variable))
            for variable in variables
            if self._l2_weight and len(variable.shape) > 1  # a kernel, no bias
        }
        # Both betas of Adam to the power of the step, which its kernel asks for.
        self._powers = [tf.Variable(1.0), tf.Variable(1.0)]

    def reset(self) -> None:
        """Forget all steps: moments and powers are as in a new optimizer."""
        for slot in self._slots:
            for variable in slot:
                variable.assign(tf.zeros_like(variable))
        for power in self._powers:
            power.assign(1.0)

    def step(self, gradients: list[tf.Tensor], rate: tf.Tensor) -> tf.Tensor:
        """One step, in place.

        Args:
            gradients: of the loss without the penalty, in the order of the variables.
            rate: the learning rate.

        Returns:
            the penalty of the weights before the step.
        """
        if self._update == self._adam:
            betas = (self._constants.beta_1, self._constants.beta_2)
            for power, beta in zip(self._powers, betas, strict=True):
                power.assign(power * beta)
        penalty = tf.constant(0.0)
        for variable, gradient, *slots in zip(
            self.variables, gradients, *self._slots, strict=True
        ):
            place = self._places.get(tuple(variable.shape))
            if place is not None:
                # l2_loss has a factor of 1/2.
                penalty += 2 * self._l2_weight * tf.nn.l2_loss(variable)
                gradient = self._penalized(gradient, variable, place)
            # An update waits for the last reader of the weights: TensorFlow would copy
            # a variable that is changed while it is still read.
            with tf.control_dependencies([*gradients, gradient, penalty]):
                self._update(
                    *(slot.handle for slot in slots),
                    var=variable.handle,
                    grad=gradient,
                    lr=rate,
                )
        return penalty

    def _penalized(
        self, gradient: tf.Tensor, variable: tf.Variable, place: tf.Variable
    ) -> tf.Tensor:
        """Add 2 * lambda * w to a gradient in place: a step of gradient descent."""
        moved = tf.raw_ops.AssignVariableOp(resource=place.handle, value=gradient)
        with tf.control_dependencies([moved]):
            added = tf.raw_ops.ResourceApplyGradientDescent(
                var=place.handle, alpha=-2 * self._l2_weight, delta=variable
            )
        with tf.control_dependencies([added]):
            return place.value()

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
