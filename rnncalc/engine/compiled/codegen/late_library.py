"""Code that becomes machine code once, where it is used: Numba would do so with every function that another contains.

Numba optimises each compiled function, makes machine code of it, then links what it optimised into its callers, and
optimises again. Of a part of a kernel only the kernel's copy runs. So here a function stays as it was written until
somebody asks for its address, and is then optimised with all its parts at once. Loops are vectorised by `vector`, in
the equations' order of additions, and LLVM's search for more of them is left out.
"""

from __future__ import annotations

from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering


class LateLibrary(JITCodeLibrary):
    """A function and its parts, as they were written until an address is asked for."""

    made = False  # whether machine code has been made

    def finalize(self) -> None:
        """Links the parts."""
        self._raise_if_finalized()
        for library in dict.fromkeys(self._linking_libraries):
            self._reload_init.update(library._reload_init)
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        self._final_module.verify()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """The address of a function, 0 if there is none of this name."""
        self._ensure_finalized()
        if name not in [function.name for function in self.get_defined_functions()]:
            return 0
        if not self.made:
            self.made = True
            passes, builder = self._codegen._module_pass_manager(loop_vectorize=False)
            passes.run(self._final_module, builder)
            self._final_module.verify()
            self._finalize_final_module()
        address: int = super().get_pointer_to_function(name)
        return address

    @property
    def codegen(self) -> Any:
        """Numba's, or for a part, which has no address, one that sets none of its variables."""
        return self._codegen if self.made else _WithoutVariables()

    def _optimize_functions(self, module: Any) -> None:
        module.data_layout = self._codegen._data_layout


class _WithoutVariables:
    def set_env(self, name: str, environment: object) -> None:
        """An environment serves exceptions alone, which kernels do not raise."""


@register_pass(mutates_CFG=True, analysis_only=False)
class LateLowering(NativeLowering):
    """Numba's lowering, into such a library."""

    _name = "late_lowering"

    def run_pass(self, state: Any) -> bool:
        state.library = LateLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        done: bool = super().run_pass(state)
        return done


class Compiler(CompilerBase):
    """Numba's passes, the last of which lowers late."""

    def define_pipelines(self) -> list[Any]:
        manager = DefaultPassBuilder.define_nopython_pipeline(self.state)
        manager.passes = [(LateLowering if kind is NativeLowering else kind, about) for kind, about in manager.passes]
        manager._finalized = False
        manager.finalize()
        return [manager]
