"""A network and its methods: what each takes and gives, with a look at shapes, before the room's other files compute.

Longer than other files, so that the methods of a network are documented in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, cast, overload

import numpy as np
from numpy.typing import ArrayLike

from rnncalc.common.i18n import _
from rnncalc.common.suggest import one_of
from rnncalc.common.threads import EVERY, shares, side_by_side
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.arrays import as_array, in_dtype
from rnncalc.model.packed_batch import PackedBatch
from rnncalc.network.forward import traced, tracers
from rnncalc.network.inference import PreparedCall, across_pays, infer
from rnncalc.network.padding import in_one
from rnncalc.network.stack import Stack, Theta
from rnncalc.network.states import States, cut, initial_states, joined
from rnncalc.network.trace import Trace, frozen
from rnncalc.network.view import View

if TYPE_CHECKING:
    from rnncalc.network.gradients import Gradients
    from rnncalc.network.stepper import Stepper

LAYOUTS = ("batch_first", "time_first")
KEPT = 16  # shapes of inputs for which a call is kept prepared


class Network(Stack):
    """Layers from the input up, and the read-out y_t = g(c + V h_t) on top.

    A sequence gives the same bits alone and in any batch, a prefix the same as the whole, and so does the stepper.
    Arrays are copied and never modified.

    Parameters
    ----------
    layers : sequence of Layer
        From the input up; each takes as many inputs as the layer below hands up.
    V, c : array_like, (O, H) and (O,), optional
        The read-out. Without V the output y is the last layer's.
    output : {"identity", "softmax", "log_softmax", "sigmoid", "tanh", "relu"}, optional
        g, the function of the read-out.
    dtype : {"float64", "float32"}, optional
        By default float32 if every array is, else float64.
    engine : {"auto", "numba", "equations"}
        Compiled, or interpreted line by line: the same numbers to rounding, slowly and without a compiler. By default
        compiled where Numba is installed.
    threads : int, optional
        How many share the sequences of a batch; by default as many as RNNCALC_THREADS says, else one.
    summary : {"last", "final", "mean", "max"}, optional
        What the read-out sees at a step: by default the top layer's output there; "final": the state with which each
        direction ends, forward at this step and backward at the first; "mean", "max": over the steps so far. At the
        last step of a sequence that is what its one target is learnt from.

    Raises
    ------
    ShapeError
        If the layers, or the read-out, do not fit on each other.
    ProblemError
        If an option is unknown or belongs to what is not there.

    Examples
    --------
    >>> from rnncalc import Layer, Network
    >>> layer = Layer("elman", U=[[0.1, 0.2], [0.3, 0.4]], W=[[0.2, 0.2], [0.3, 0.3]], b=[0.5, 0.6])
    >>> net = Network([layer], V=[[0.7, 0.8]], c=[0.9])
    >>> net
    Network(elman, D=2, H=2, O=1, float64)
    >>> net([[2, 3], [1, 0]]).round(4)
    array([[2.2901],
           [2.1409]])
    """

    def forget(self) -> None:
        super().forget()
        self._calls: dict[tuple[Any, ...], PreparedCall] = {}  # (shape of x, layout) → the prepared call

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_calls": {}}

    @overload
    def __call__(
        self, x: ArrayLike, states: Any = ..., *, lengths: ArrayLike | None = ..., mask: ArrayLike | None = ...,
        layout: str = ...,
        return_state: Literal[False] = ..., **initial: Any,
    ) -> np.ndarray: ...  # fmt: skip
    @overload
    def __call__(
        self, x: ArrayLike, states: Any = ..., *, lengths: ArrayLike | None = ..., mask: ArrayLike | None = ...,
        layout: str = ...,
        return_state: Literal[True], **initial: Any,
    ) -> tuple[np.ndarray, States]: ...  # fmt: skip
    def __call__(
        self, x: ArrayLike, states: Any = None, *, lengths: ArrayLike | None = None, mask: ArrayLike | None = None,
        layout: str = "batch_first", return_state: bool = False, **initial: Any,
    ) -> np.ndarray | tuple[np.ndarray, States]:  # fmt: skip
        """The outputs alone.

        Parameters
        ----------
        x : array_like, (T, D), (N, T, D), or (T, N, D) with layout="time_first"; or a list of (T, D) of any lengths
            On an embedding whole numbers (T,) or (N, T): tokens, -1 for one that is unknown.
        states : States, mapping or array_like, optional
            Where to start, in place of the layers' own initial states: what another call returned, or as `**initial`.
        lengths : array_like of int, (N,), optional
            How many steps each sequence has; of one sequence a number.
        mask : array_like of bool, (T,) or (N, T), optional
            Which steps there are.
        layout : {"batch_first", "time_first"}
        return_state : bool
            Whether the states after the last step are returned too.
        **initial
            h0, c0, y0: initial states, (H,) or (N, H), in place of the layers' own. For several layers or directions
            a list of them, layer by layer, forward before backward.

        Returns
        -------
        y : ndarray, (T, O), (N, T, O) or (T, N, O)
            Zero where a sequence has no step. For a list of sequences that differ in length a list of (T, O).
        states : States
            With return_state: the states after the last step, from which another call goes on.

        Raises
        ------
        ShapeError
            If x, lengths, mask or an initial state has another shape than the network needs.
        ProblemError
            If the layout or a state is unknown.

        Examples
        --------
        >>> import numpy as np
        >>> from rnncalc import Elman
        >>> net = Elman(U=[[0.9]], W=[[0.5]], b=[0.3])
        >>> y, states = net(np.ones((2, 3, 1)), lengths=[3, 1], return_state=True)
        >>> y[1].round(4)
        array([[0.8337],
               [0.    ],
               [0.    ]])
        >>> states["h"].shape
        (2, 1)
        >>> net(np.ones((2, 3, 1)), states).shape
        (2, 3, 1)
        """
        plain = lengths is mask is states is None and not (initial or return_state)
        if plain and type(x) is np.ndarray and x.dtype is self.dtype and (call := self._calls.get((x.shape, layout))):
            return call.outputs(x)
        plain = plain and not self._takes_tokens(x)
        x, steps = in_one(x, lengths, layout)
        if steps is not lengths:
            whole, ends = self(x, states, lengths=steps, mask=mask, return_state=True, **initial)
            each = cast(np.ndarray, [y[:count] for y, count in zip(whole, steps)])
            return (each, ends) if return_state else each
        array, view = self._input(x, lengths, mask, layout)
        if plain and (call := self._prepare(x, layout, view)):
            return call.outputs(view.shown(array))
        given, cells = initial_states(self, states, initial), self.cells
        parts = shares(len(array), self.threads) if self.compiles else [EVERY]
        if len(parts) == 1:
            y, final = infer(self, cells, array, view, given, return_state, self.threads)
            return y if final is None else (y, final)

        def share(part: slice) -> tuple[np.ndarray, States | None]:
            begin = [cut(own, part) for own in given]
            return infer(self, cells, array[part], view.part(part), begin, return_state)

        outputs, final_states = zip(*side_by_side(share, parts))
        y = np.concatenate(outputs, axis=int(view.time_first))
        return (y, joined(final_states)) if return_state else y

    def forward(
        self, x: ArrayLike, states: Any = None, *, lengths: ArrayLike | None = None, mask: ArrayLike | None = None,
        layout: str = "batch_first", **initial: Any,
    ) -> Trace:  # fmt: skip
        """Every intermediate of every step.

        Parameters
        ----------
        x, states, lengths, mask, layout, **initial
            As for a call: x is (T, D), (N, T, D), or (T, N, D) with layout="time_first"; a list of sequences that
            differ in length is a batch with lengths.

        Returns
        -------
        Trace
            Signals by name, (T, H) or (N, T, H).

        Raises
        ------
        ShapeError, ProblemError
            As for a call.

        Examples
        --------
        >>> from rnncalc import Elman
        >>> trace = Elman(U=[[0.9]], W=[[0.5]], b=[0.3]).forward([[0.7], [0.5]], h0=[0.1])
        >>> trace.h.round(4)
        array([[0.7531],
               [0.8098]])
        """
        plain = lengths is mask is states is None and not initial
        if plain and type(x) is np.ndarray and x.dtype is self.dtype and (call := self._calls.get((x.shape, layout))):
            return call.trace(self, x)
        plain = plain and not self._takes_tokens(x)
        x, steps = in_one(x, lengths, layout)
        plain, lengths = plain and steps is lengths, steps
        array, view = self._input(x, lengths, mask, layout)
        if plain and (call := self._prepare(x, layout, view)):
            return traced(self, array, view, call.tracers)
        if across_pays(self, view):
            view = view.batch_major
        return traced(self, array, view, tracers(self, view, initial_states(self, states, initial)))

    def _prepare(self, x: ArrayLike, layout: str, view: View) -> PreparedCall | None:
        """The prepared call for inputs of this shape, kept for the next time; None where there is none."""
        key = np.shape(x), layout
        call = self._calls.get(key)
        if call is None and (call := PreparedCall.of(self, view)):
            if len(self._calls) >= KEPT:
                self._calls = {}
            self._calls[key] = call
        return call

    def backward(
        self, trace: Trace, targets: ArrayLike | None = None, *, loss: str | None = None,
        reduction: str | None = None, dy: ArrayLike | None = None, dstates: Any = None, dh: Any = None,
        truncate: int | None = None, chunk: int | None = None,
    ) -> Gradients:  # fmt: skip
        """Backpropagation through time: the gradient of the loss with respect to parameters, initial states and inputs.

        Parameters
        ----------
        trace : Trace
            What `forward` of this network gave.
        targets : array_like, of the shape of y, or class numbers (T,) or (N, T), optional
            NaN where there is no target.
        loss : str, optional
            half_squared_error, squared_error, mean_squared_error, mean_absolute_error, cross_entropy or
            binary_cross_entropy.
        reduction : {"sum", "mean", "batch_mean"}, optional
        dy : array_like, of the shape of y, optional
            In place of targets and loss: the incoming gradient at y.
        dstates : States, mapping or array_like, optional
            What arrives at the final states, in any form in which states are given; with a loss, with dy, or alone.
        dh : array_like, of the shape of trace.h, optional
            What arrives at the last layer's h of every step. For several layers also a list, with an entry or None for
            each: of the shape of trace.layers[k].h.
        truncate : int, optional
            How many steps the loss of a step reaches, its own included.
        chunk : int, optional
            The steps of a block; no gradient goes from one block into the block before.

        Returns
        -------
        Gradients
            grads.U, grads.b, … of the parameters' shapes, grads.h0, grads.x, grads.steps["da"], …, grads.loss;
            grads.parameters by the names of `parameters`, grads.states: what leaves at the initial states.

        Raises
        ------
        ShapeError
            If targets or dy have another shape than y, or dstates or dh than the states.
        ProblemError
            If the trace is another network's, or the options contradict each other.

        References
        ----------
        P. J. Werbos, Backpropagation through time: what it does and how to do it, Proceedings of the IEEE 78 (1990).

        Examples
        --------
        >>> from rnncalc import Elman
        >>> net = Elman(U=[[0.9]], W=[[0.5]], b=[0.3])
        >>> grads = net.backward(net.forward([[0.7], [0.5]]), [[1], [0]], loss="half_squared_error")
        >>> f"{grads.loss:.4f}", grads.W.round(4)
        ('0.3610', array([[0.2064]]))
        """
        return _backpropagate()(self, trace, targets, loss, reduction, dy, dstates, dh, truncate, chunk)

    @property
    def parameters(self) -> Mapping[str, np.ndarray]:
        """Every parameter by name, as it is now: a read-only copy of each.

        `layers.0.forward.U`, …, layer by layer from the input up, and `V`, `c` of the read-out. Gradients have the same
        names (`Gradients.parameters`), and `set` takes them.

        Examples
        --------
        >>> from rnncalc import Elman
        >>> net = Elman(U=[[0.9]], W=[[0.5]], b=[0.3])
        >>> list(net.parameters)
        ['layers.0.forward.U', 'layers.0.forward.W', 'layers.0.forward.b']
        """
        arrays = {at.path + name: array.copy() for at, part in self.parts() for name, array in part.arrays.items()}
        return MappingProxyType({name: frozen(array) for name, array in arrays.items()})

    def set(self, parameters: Mapping[str, ArrayLike]) -> None:
        """Change parameters in place; traces made before are then refused by `backward`.

        Parameters
        ----------
        parameters : mapping of str to array_like
            All or some of them, by the names of `parameters`. They are copied.

        Raises
        ------
        ProblemError
            If there is no parameter of a name. Then nothing has changed.
        ShapeError
            If an array has another shape than the parameter. Then nothing has changed.

        Examples
        --------
        >>> from rnncalc import Elman
        >>> net = Elman(U=[[0.9]], W=[[0.5]], b=[0.3])
        >>> net.set({"layers.0.forward.b": [0.2]})
        >>> net([[0.7]]).round(4)
        array([[0.6805]])
        """
        (self.theta or self._vector()).set(parameters)

    def update(self, gradients: Gradients | Mapping[str, ArrayLike], lr: float) -> None:
        """One step of gradient descent in place: θ − lr·dθ of every parameter.

        Parameters
        ----------
        gradients : Gradients or mapping of str to array_like
            What `backward` gave, or gradients by the names of `parameters`; a parameter that is not there stays.
        lr : float

        Raises
        ------
        ProblemError, ShapeError
            As for `set`.

        Examples
        --------
        >>> from rnncalc import Elman
        >>> net = Elman(U=[[0.9]], W=[[0.5]], b=[0.3])
        >>> grads = net.backward(net.forward([[0.7], [0.5]]), [[1], [0]], loss="half_squared_error")
        >>> net.update(grads, lr=0.1)
        >>> net.parameters["layers.0.forward.W"].round(4)
        array([[0.4794]])
        """
        (self.theta or self._vector()).descend(gradients, lr)

    def _vector(self) -> Theta:
        """All parameters as one vector, from now on."""
        from rnncalc.network.parameter_vector import Parameters  # here, so that weights that stay do not load it

        return Parameters.of(self)

    def fit(
        self, x: Any, y: Any, *, loss: str, lengths: ArrayLike | None = None,
        validation: tuple[Any, ...] | float | None = None, watch: Callable[[Any], None] | None = None,
        threads: int | str | None = None, sample_weight: Any = None, class_weight: Any = None, **settings: Any,
    ) -> list[dict[str, float]]:  # fmt: skip
        """Train in place, on the mean loss over the targets of each batch, weighted where weights are given.

        Parameters
        ----------
        x : array_like, (N, T, D), or list of (T, D)
            Whole numbers (N, T), or lists of them, are the numbers of one-hot rows.
        y : array_like
            Like x with O in place of D, or class numbers for cross_entropy; or one for each sequence, at its last step.
        loss : str
            half_squared_error, squared_error, mean_squared_error, mean_absolute_error, cross_entropy or
            binary_cross_entropy.
        lengths : array_like of int, (N,), optional
            How many steps each sequence has.
        validation : (x, y), (x, y, lengths), (x, y, lengths, sample_weight) or float, optional
            Other sequences, or the share to put aside: drawn by the seed, of one sequence its end. The weights that are
            best there are kept.
        watch : callable, optional
            Called with the `Trainer` after every step and every epoch.
        threads : int or "auto", optional
            How many share the sequences of a batch; by default as many as the network's. They change no bit of the
            result.
        sample_weight : array_like, (N,) or (N, T), or list of (T,), optional
            What the targets of a sequence, or of each step, count in the loss; 0: as if there were none.
        class_weight : mapping of int to float, array_like, (O,), or "balanced", optional
            What the targets of each class count, in validation too; of a mapping the others count 1. Balanced: each
            class counts as much as any other, all its targets in training together.
        **settings
            epochs, batch, optimizer, lr, schedule, clip_norm, chunk, patience, seed, …: the fields of
            `rnncalc.network.training.settings.Settings`. patience needs validation. shuffle=False keeps the order of x;
            of sequences that differ in length, 32 batches at a time go the longest first.

        Returns
        -------
        list of dict
            An entry an epoch: epoch, loss, lr, and where they apply val_loss, accuracy, val_accuracy.

        Raises
        ------
        ShapeError
            If x, y, lengths and weights do not fit each other or the network.
        ProblemError
            If a setting is unknown, a weight is below 0, or the network cannot be trained on this loss.
        DivergedError
            If the loss explodes; the weights are then those of the last good epoch.

        Examples
        --------
        >>> import numpy as np
        >>> from rnncalc import random_network
        >>> x = np.random.default_rng(0).normal(size=(32, 5, 1))
        >>> net = random_network("elman", inputs=1, hidden=4, outputs=1)
        >>> history = net.fit(x, x.cumsum(axis=1), loss="mean_squared_error", epochs=20, lr=0.05)
        >>> len(history), history[-1]["loss"] < history[0]["loss"] / 4
        (20, True)
        """
        from rnncalc.network.training.fit import fit  # imported here so that forward-only use does not load it

        return fit(
            self, x, y, loss, lengths, validation, watch, threads, sample_weight, class_weight, settings
        )  # fmt: skip

    def stepper(self, states: Any = None, **initial: Any) -> Stepper:
        """The network as a stream, fed one step at a time.

        Parameters
        ----------
        states, **initial
            Where to start, as for a call.

        Returns
        -------
        Stepper

        Raises
        ------
        ShapeError
            If an initial state has another shape than the network needs.
        ProblemError
            If a layer runs backward, or the read-out sees a mean or maximum: they need the whole sequence.

        Examples
        --------
        >>> from rnncalc import Elman
        >>> stepper = Elman(U=[[0.9]], W=[[0.5]], b=[0.3]).stepper()
        >>> stepper.step([0.7]).round(4), stepper.step([0.5]).round(4)
        (array([0.7306]), array([0.8059]))
        """
        if self.runs_backward:
            raise ProblemError(_("a layer that runs backward needs the whole sequence: it cannot be stepped"))
        if self.summarises:
            raise ProblemError(_("a summary sees all steps: it cannot be stepped"))
        from rnncalc.network.stepper import Stepper  # here, so that a forward pass does not load it

        return Stepper(self, initial_states(self, states, initial))

    def _input(
        self, x: ArrayLike, lengths: ArrayLike | None, mask: ArrayLike | None, layout: str
    ) -> tuple[np.ndarray, View]:
        """x as (N, T, D), and how its rows are visited and shown."""
        one_of("layout", layout, LAYOUTS)
        if self._takes_tokens(x):
            return self._tokens(np.asarray(x), lengths, mask, layout)
        known = type(x) is np.ndarray and x.dtype is self.dtype
        array = cast(np.ndarray, x) if known else in_dtype(as_array("x", x), self.dtype)
        inputs, batch = self.x_width, array.ndim == 3
        if array.ndim not in (2, 3) or array.shape[-1] != inputs:
            message = _("x must be (T, D) = (T, {inputs}) or (N, T, {inputs}), got {shape}")
            raise ShapeError(message, inputs=inputs, shape=array.shape)
        time_first = batch and layout == "time_first"
        array = np.swapaxes(array, 0, 1) if time_first else array if batch else array[None]
        if not batch and lengths is not None:
            lengths = np.atleast_1d(np.asarray(lengths))
        if lengths is None and mask is None:
            return array, View.full(array.shape[0], array.shape[1], batch, time_first)
        return array, View(PackedBatch.of(array.shape[0], array.shape[1], lengths, mask), batch, time_first)

    def _tokens(
        self, tokens: np.ndarray, lengths: ArrayLike | None, mask: ArrayLike | None, layout: str
    ) -> tuple[np.ndarray, View]:
        """Tokens as (N, T), and how their rows are visited and shown. Raises ShapeError."""
        batch = tokens.ndim == 2
        if tokens.size and not -1 <= tokens.min() <= tokens.max() < self.x_width:
            raise ShapeError(_("x: numbers of one-hot rows go from 0 to {last}"), last=self.x_width - 1)
        time_first = batch and layout == "time_first"
        array = (tokens.T if time_first else tokens if batch else tokens[None]).astype(np.int64)
        if not batch and lengths is not None:
            lengths = np.atleast_1d(np.asarray(lengths))
        return array, View(PackedBatch.of(len(array), array.shape[1], lengths, mask), batch, time_first)


@cache
def _backpropagate() -> Callable[..., Gradients]:
    """What goes back, loaded on first need, and looked up once: an import takes as long as twenty steps of a cell."""
    from rnncalc.network.backward import backpropagate

    return backpropagate
