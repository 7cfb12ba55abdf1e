"""Pictures, as PNG, SVG or PDF, with matplotlib: the loss, hidden states and gates over time, the gradient's flow."""

from __future__ import annotations

from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from rnncalc.common.files import write
from rnncalc.common.i18n import _, language
from rnncalc.common.step_ranges import step_numbers
from rnncalc.common.suggest import one_of
from rnncalc.errors import ProblemError, RnncalcError
from rnncalc.network.trace import Trace
from rnncalc.network.training.sequences import Sequences
from rnncalc.network.weights.model_file import Model, losses
from rnncalc.pipeline.data import read_again
from rnncalc.pipeline.data_description import DataDescription

KINDS = ("loss", "states", "gates", "flow")
CENTIMETRES = 2.54  # of an inch
CHINESE = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei",
    "Microsoft YaHei", "PingFang SC", "Hiragino Sans GB", "SimHei", "Noto Sans CJK JP",
)  # fmt: skip
CHINESE_FILES = ("notosanscjk", "notosanssc", "sourcehansans", "wqy", "msyh", "pingfang", "hiraginosansgb", "simhei")


def plot(
    kind: str, model: Model, path: str, source: str | None = None, sequence: int = 1,
    size: tuple[float, float] | None = None, dpi: int = 150, steps: str = "",
) -> None:  # fmt: skip
    """Draw one of KINDS to a file, whose ending says how: .png, .svg, .pdf.

    source: data, of which one sequence is shown; the loss alone needs none. size: width and height in centimetres.
    steps: those of the sequence that are shown, from one to another; all of it is computed.

    Raises ProblemError, RnncalcError.
    """
    one_of(_("a plot"), kind, KINDS)
    context, figure = _matplotlib()
    with context:
        if kind == "loss":
            if steps:
                raise ProblemError(_("--step is of a sequence, and the loss has epochs"))
            _loss(figure, model)
        else:
            if source is None:
                raise ProblemError(_("{kind} needs data: pass --data"), kind=kind)
            whole = read_again(source, DataDescription.of(model.data))
            data = whole.only(sequence)
            try:
                chosen = step_numbers(steps, len(data.x))
            except ProblemError as error:
                if len(whole) == 1:
                    raise
                message = _("{error}; this is sequence {number} of {n}, and --sequence shows another")
                if model.data.get("window"):
                    message = _("{error}; this is window {number} of {n}, and --sequence shows another")
                raise ProblemError(message, error=error, number=sequence, n=len(whole)) from None
            _of_sequence(figure, kind, model, data, steps, chosen)
        if size is not None:
            figure.set_size_inches(size[0] / CENTIMETRES, size[1] / CENTIMETRES)
        picture = BytesIO()
        try:
            figure.savefig(picture, format=Path(path).suffix.lower()[1:] or "png", bbox_inches="tight", dpi=dpi)
        except ValueError as error:
            raise RnncalcError(_("cannot write {name}: {reason}"), name=path, reason=error) from None
    write(path, picture.getvalue())


def _matplotlib() -> tuple[AbstractContextManager[None], Any]:
    """The settings to draw with, which the reader's own do not keep, and an empty figure."""
    try:
        import matplotlib
        from matplotlib import font_manager
        from matplotlib.figure import Figure
    except ImportError:
        raise ProblemError(_("plots need matplotlib: pip install rnncalc[plot]")) from None
    chinese = _chinese(font_manager)
    if language() == "zh" and not chinese:
        raise ProblemError(_("no Chinese font is installed, such as {font}; or choose --lang en"), font=CHINESE[0])
    settings = {
        "font.family": ["sans-serif", *chinese[:1]],
        "svg.fonttype": "path",  # the reader need not have the font
    }
    return matplotlib.rc_context(settings), Figure(figsize=(8, 4.5))


def _chinese(font_manager: Any) -> list[str]:
    """The Chinese fonts that are installed; those too that matplotlib did not find when it looked last."""
    known = {font.name for font in font_manager.fontManager.ttflist}
    if not known.intersection(CHINESE):
        for path in font_manager.findSystemFonts():
            if any(Path(path).stem.lower().startswith(name) for name in CHINESE_FILES):
                font_manager.fontManager.addfont(path)
        known = {font.name for font in font_manager.fontManager.ttflist}
    return [name for name in CHINESE if name in known]


def _loss(figure: Any, model: Model) -> None:
    """Draw the loss of training and validation, epoch by epoch, on a logarithmic scale."""
    if not model.history:
        raise ProblemError(_("this model has no history"))
    axes = figure.add_subplot()
    epochs = [entry["epoch"] for entry in model.history]
    for word, values in losses(model.history).items():
        axes.plot(epochs, values, label=word)
    axes.set_yscale("log")
    axes.set_xlabel(_("epoch"))
    _counted(axes, "x")
    axes.legend()


def _counted(axes: Any, axis: str) -> None:
    """Ticks at whole numbers alone: there is no step 2.5, and no unit."""
    axes.locator_params(axis=axis, integer=True, min_n_ticks=1)


def _of_sequence(figure: Any, kind: str, model: Model, data: Sequences, steps: str, chosen: list[int]) -> None:
    x = np.asarray(data.x)
    if not len(x):
        raise ProblemError(_("the sequence has no steps"))
    shown = range(chosen[0], chosen[-1] + 1)
    if chosen != [*shown]:
        raise ProblemError(_("--step {steps}: a plot shows one range of steps, such as 10-20"), steps=steps)
    trace = model.network.forward(
        x if model.network.embeds and data.tokens else data.in_full(x).astype(model.network.dtype)
    )
    if kind == "flow":
        _flow(figure, model, trace, shown)
        return
    for number, (layer, made) in enumerate(zip(model.network.layers, trace.layers), 1):
        names = [layer.cell.emits] if kind == "states" else [*layer.cell.gates]
        if not names:
            raise ProblemError(_("{cell} has no gates"), cell=layer.cell.name)
        for way, signals in made.passes.items():
            for name in names:
                _heat(figure, signals[name], _titled(name, number, way if len(made.passes) > 1 else ""), shown)
    _arrange(figure)


def _titled(name: str, layer: int, way: str) -> str:
    """Return a title: which signal of which layer, and in which direction if it has two."""
    directions = {"": "", "forward": ", " + _("forward"), "backward": ", " + _("backward")}
    return _("{name}, layer {n}").format(name=name, n=layer) + directions[way]


def _heat(figure: Any, signal: np.ndarray, title: str, shown: range) -> None:
    """Draw a signal, units down and steps across."""
    axes, values = figure.add_subplot(), signal[shown.start - 1 : shown.stop - 1]
    bound = max(float(np.abs(values).max()), 1e-12)
    low = -bound if values.min() < 0 else 0.0
    image = axes.imshow(
        values.T, aspect="auto", cmap="RdBu_r" if low < 0 else "viridis", vmin=low, vmax=bound,
        extent=(shown.start - 0.5, shown.stop - 0.5, values.shape[1] + 0.5, 0.5), interpolation="nearest",
    )  # fmt: skip
    axes.set_title(title, fontsize=9)
    axes.set_xlabel(_("step"))
    axes.set_ylabel(_("unit"))
    _counted(axes, "both")
    figure.colorbar(image, ax=axes)


def _arrange(figure: Any) -> None:
    """Put the pictures below each other, each with its colour bar."""
    pictures = [axes for axes in figure.axes if axes.images]
    figure.set_size_inches(8, 2.6 * len(pictures))
    grid = figure.add_gridspec(len(pictures), 2, width_ratios=(30, 1), hspace=0.6, wspace=0.04)
    for row, axes in enumerate(pictures):
        axes.set_subplotspec(grid[row, 0])
        axes.images[0].colorbar.ax.set_subplotspec(grid[row, 1])


def _flow(figure: Any, model: Model, trace: Trace, shown: range) -> None:
    """Draw how much of a gradient at the last output arrives at each step: its norm at every state."""
    dy = np.zeros_like(trace["y"])
    dy[-1] = 1
    output = model.network.output
    if output in ("softmax", "log_softmax"):  # a constant dy would vanish there: ask for the largest entry
        dy[-1] = np.arange(dy.shape[1]) == trace["y"][-1].argmax()
    gradients = model.network.backward(trace, dy=dy)
    axes = figure.add_subplot()
    for number, (layer, gradient) in enumerate(zip(model.network.layers, gradients.layers), 1):
        for direction, signals in gradient.passes.items():
            name = "dh" if "dh" in signals.steps else next(iter(signals.steps))
            norms = np.linalg.norm(signals.steps[name], axis=1)[shown.start - 1 : shown.stop - 1]
            label = _titled(f"|{name}|", number, direction if len(layer.passes) > 1 else "")
            axes.plot(shown, np.maximum(norms, 1e-30), label=label, marker="o" if len(shown) == 1 else None)
    axes.set_yscale("log")
    axes.set_xlabel(_("step"))
    _counted(axes, "x")
    axes.legend()
