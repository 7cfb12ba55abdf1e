"""A mistake: an id, a message, and the variants in which people make it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from rnncalc.check.graph.graph import Key
from rnncalc.check.graph.spec import Spec
from rnncalc.common.i18n import _


@dataclass(frozen=True)
class Context:
    """What variants may need beside the Spec.

    orders: run → the gates as this problem stacks them. wrong: quantities with wrong numbers. parameters: whether
    gradients of parameters, or updated ones, were answered. code: whether numbers come from somebody's code, which
    makes mistakes of its own. joined: WU where such code multiplies [h; x] by one matrix, UW where it does so with
    [x; h]. open: keys with the values by which the problem may be read otherwise.
    """

    orders: dict[int, str] = field(default_factory=dict)
    wrong: tuple[Key, ...] = ()
    parameters: bool = False
    steps: int = 1
    sequences: int = 1
    outputs: int = 1
    code: bool = False
    joined: str = ""
    open: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Variant:
    """One way to make a mistake. detail: the order, the factor, …, as the message shows it."""

    spec: Spec
    detail: str = ""
    option: str = ""


Variants = Callable[[Spec, Context], Iterator[Variant]]


@dataclass(frozen=True)
class Mistake:
    """A mistake that people make.

    message: what was done, with {detail} if the variants differ. family: forward, gated, gradient or code. likelihood:
    textbook, convention or rare. personal: whether the variants depend on which numbers are wrong; such a mistake only
    reports one quantity as another. backward: whether it is made on the way back, and shows in gradients alone.
    """

    id: str
    message: str
    variants: Variants
    family: str = "forward"
    likelihood: str = "textbook"
    personal: bool = False
    backward: bool = False

    def text(self, variant: Variant) -> str:
        """The message of one variant, in the reader's language."""
        return _(self.message).format(detail=variant.detail)


def several(change: Callable[[Spec], Iterator[Spec | None]]) -> Variants:
    """Variants of a mistake that is made in several ways, all with the same message."""

    def variants(spec: Spec, context: Context) -> Iterator[Variant]:
        for changed in change(spec):
            if changed is not None:
                yield Variant(changed)

    return variants


def plain(change: Callable[[Spec], Spec | None]) -> Variants:
    """Variants of a mistake that is made in one way; none where it cannot be made."""
    return several(lambda spec: iter([change(spec)]))


def rules(*choices: dict[str, object]) -> Variants:
    """Variants of a mistake in the rules of the gradient."""
    return several(lambda spec: (spec.with_rules(**choice) for choice in choices))


def in_code(variants: Variants) -> Variants:
    """Variants that are tried only where numbers come from code."""
    return lambda spec, context: variants(spec, context) if context.code else iter(())


def also_in_code(variants: Variants, of_code: Variants) -> Variants:
    """Variants, and more of them where numbers come from code."""
    return lambda spec, context: chain(variants(spec, context), in_code(of_code)(spec, context))


def by_hand(variants: Variants, of_code: Variants) -> Variants:
    """Variants, and those in their place where numbers come from code, where some have another name."""
    return lambda spec, context: (of_code if context.code else variants)(spec, context)


def in_both_passes(variants: Variants) -> Variants:
    """Variants that have another name where they are made in the backward pass alone."""
    return lambda spec, context: iter(()) if spec.forward else variants(spec, context)
