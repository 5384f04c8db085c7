"""What lab 2's tasks have in common: the same shape for every layer's forward pass and for every backward pass."""

from functools import partial

from cattern.checking.lab import Property, Task
from cattern.checking.labs._tasks import remark, todo_task
from cattern.checking.labs.patch_embedding import drivers, readings
from cattern.checking.labs.patch_embedding.hints import HINTS

LAYERS = "cattern/layers.py"
EMBEDDING = "cattern/patch_embedding.py"

task = partial(todo_task, HINTS)


def forward_task(
    number: int, title: str, todo: str, file: str, layer: str, output: str, points: float
) -> Task:
    """Return the task of a layer's forward pass."""
    return task(
        number,
        title,
        todo,
        file,
        drivers.forward_driver(layer),
        readings.read_forward,
        (
            Property(output, points, ("out",), says={"out": f"the array of {output} {{gap}}"}),
            remark("untouched", "`forward` changes its input"),
        ),
    )


def backward_properties(of_input: str, points: dict[str, float]) -> list[Property]:
    """Return the properties of the backward pass of a layer with parameters."""
    adding = {
        f"adds_{name}": f"two equal calls must leave twice the gradient of {name} in self.grads, yours do not"
        for name in ("W", "b")
    }
    return [
        Property("gradient of W", points["W"], ("W",), ("own_W",)),
        Property("gradient of b", points["b"], ("b",), ("own_b",)),
        Property(f"gradient of the {of_input}", points["dX"], ("dX",), ("own_dX",)),
        Property("gradients add up", points["adds"], tuple(adding), says=adding),
        remark("untouched", "`backward` changes dout"),
    ]


def chain_task(number: int, title: str, todo: str, driver, fact: str, what: str, **more) -> Task:
    """Return the task of one way through a `Sequential`."""
    second = f"{what} of a second, equal pass {{gap}}: `self.layers` must stay as it is"
    return task(
        number,
        title,
        todo,
        LAYERS,
        driver,
        readings.read_chain,
        (
            Property(what, 2, (fact,), says={fact: f"{what} of the network {{gap}}"}),
            Property("a second pass", 1, ("again",), says={"again": second}),
            Property(
                "a network without layers", 1, ("empty",), says={"empty": f"{what} without any layer {{gap}}"}
            ),
        ),
        traits=("calls",),
        **more,
    )
