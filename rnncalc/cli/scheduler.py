"""A Dask cluster as an executor that never waits for ever: where the cluster is lost, its futures fail, in words.

Dask's own configuration holds for it: distributed.comm.tls (DASK_DISTRIBUTED__COMM__TLS__… in the environment) names
the certificates for tls:// addresses. Beside it, rnncalc.patience (DASK_RNNCALC__PATIENCE) is how many seconds a
cluster may be without a worker.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager, suppress
from functools import partial
from threading import Event, Lock, Thread
from typing import Any

from rnncalc.common.i18n import _
from rnncalc.common.workers import pass_on
from rnncalc.errors import ProblemError, RnncalcError

PATIENCE = 60  # seconds for which a cluster may be without a worker, or its scheduler silent
LOOK, ANSWER = 1.0, 10.0  # seconds between two looks, and for the scheduler to answer one


class ClusterError(RnncalcError):
    """The cluster was lost on the way."""


@contextmanager
def cluster(address: str, keeps: bool = True) -> Iterator[Executor]:
    """An executor on the scheduler there. Its futures raise ClusterError where the scheduler is gone, no worker comes
    back in time, or a task kills every worker that tries it. keeps: whether the command keeps what is done before that.

    Raises ProblemError without Dask or a scheduler.
    """
    try:
        import dask
        from distributed import Client, Security
    except ImportError:
        raise ProblemError(_("--scheduler needs Dask: pip install rnncalc[dask]")) from None
    loaded = dask.config.get("distributed.client.security-loader", None)
    if address.startswith("tls://") and not loaded and not Security().get_connection_args("client").get("ssl_context"):
        message = _(
            "{address} needs certificates: Dask's configuration names them (distributed.comm.tls: ca-file, client)"
        )
        raise ProblemError(message, address=address)
    logging.disable()  # what Dask tells of a lost cluster, in hundreds of lines, is told here in one
    try:
        client = Client(address, timeout=ANSWER, set_as_default=False)
    except Exception as error:  # addresses, certificates, versions: Dask has many kinds of errors for them
        message = _("no Dask scheduler at {address}: {reason}")
        raise ProblemError(message, address=address, reason=str(error) or type(error).__name__) from None
    executor = _Cluster(client, address, float(dask.config.get("rnncalc.patience", PATIENCE)), keeps)
    try:
        yield executor
    finally:
        executor.shutdown()


class _Cluster(Executor):
    """Futures in front of Dask's: they end with the tasks, or with the cluster, whichever is first."""

    def __init__(self, client: Any, address: str, patience: float, keeps: bool):
        self.client, self.address, self.patience, self.keeps = client, address, patience, keeps
        self.tasks = client.get_executor(pure=False)
        self.waiting: set[Future[Any]] = set()
        self.lock, self.over, self.lost = Lock(), Event(), ""
        Thread(target=self._look, daemon=True).start()

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """As every executor does it. Raises ClusterError once the cluster is lost."""
        future: Future[Any] = Future()
        with self.lock:
            if self.lost:
                raise ClusterError(self.lost)
            self.waiting.add(future)
        self.tasks.submit(function, *arguments, **named).add_done_callback(partial(self._done, future))
        return future

    def _done(self, future: Future[Any], task: Future[Any]) -> None:
        with self.lock:
            wanted = future in self.waiting
            self.waiting.discard(future)
        if wanted:
            pass_on(future, self._error, task)

    def _error(self, reason: BaseException | str) -> ClusterError:
        if isinstance(reason, CancelledError):
            reason = _("the connection to its scheduler is lost")
        text = reason if isinstance(reason, str) else f"{type(reason).__name__}: {reason}"
        message = _("the Dask cluster at {address} failed: {reason}. What was done is kept: run the command again")
        if not self.keeps:
            message = _("the Dask cluster at {address} failed: {reason}. Run the command again")
        error = ClusterError(message, address=self.address, reason=text)
        error.__cause__ = None if isinstance(reason, str) else reason
        return error

    def _look(self) -> None:
        """Look now and then whether there is a worker; when there was none for too long, nothing is waited for."""
        seen = time.monotonic()
        while not self.over.wait(LOOK):
            with suppress(Exception):  # a scheduler that does not answer has no worker to show
                if self.client.sync(self.client.scheduler.ncores, callback_timeout=ANSWER):
                    seen = time.monotonic()
            if time.monotonic() - seen > self.patience:
                error = self._error(_("for {n} seconds it had no worker").format(n=f"{self.patience:g}"))
                with self.lock:
                    self.lost = str(error)
                    given_up, self.waiting = self.waiting, set()
                for future in given_up:
                    if future.set_running_or_notify_cancel():
                        future.set_exception(error)
                return

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the cluster go; what is still under way is taken back."""
        self.over.set()
        with suppress(Exception):  # it may be lost
            self.tasks.shutdown(wait=False)
        with suppress(Exception):
            self.client.close(timeout=LOOK)
