"""What a run leaves out because a package is not installed: counted and named at its end, and run by `--witnesses`.

Without Numba, whatever turns out to need the compiled engine is left out; with it, it fails as it stands.
"""

from __future__ import annotations

import re
import signal
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings

from rnncalc.common.i18n import speak
from rnncalc.engine.choice import numba_installed

collect_ignore = ["examples/code"]  # what students wrote
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")  # no test asserts a time
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a job in the background: the commands would be deaf, too
    signal.signal(signal.SIGINT, signal.default_int_handler)
LEFT_OUT = "rnncalc/left-out"  # in pytest's cache: test, or file of tests → the package that it needs
WITHOUT_NUMBA = "could not import 'numba'"  # as `pytest.importorskip` says it


def pytest_addoption(parser: pytest.Parser) -> None:
    text = "run only what the last run left out because an extra was not installed; all of them must be installed now"
    parser.addoption("--witnesses", action="store_true", help=text)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("witnesses"):
        wanted = config.cache.get(LEFT_OUT, {})
        chosen = [item for item in items if not {item.nodeid, item.nodeid.partition("::")[0]}.isdisjoint(wanted)]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
        items[:] = chosen


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, object]:
    report = yield
    if report.failed and needs_numba(str(report.longrepr)):
        report.outcome, report.longrepr = "skipped", (str(collector.path), 0, WITHOUT_NUMBA)
    return report


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Leave no test in the language of the one before."""
    yield
    speak("en")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    return (yield from without_numba())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    return (yield from without_numba())


def without_numba() -> Generator[None, object, object]:
    """Let a test run; skip it where it turns out to need Numba, which is missing."""
    try:
        return (yield)
    except Exception as error:
        if needs_numba(f"{error!r} {error}"):
            pytest.skip(WITHOUT_NUMBA)
        raise


def needs_numba(text: str) -> bool:
    """Whether an error is due to Numba's absence."""
    absent = re.search("pip install numba|No module named '(numba|llvmlite)", text)
    return absent is not None and not numba_installed()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    if not hasattr(config, "workerinput"):  # a worker sees only a part
        left = left_out(config)
        if config.getoption("witnesses"):
            session.exitstatus = session.exitstatus or int(bool(left))
        elif config.pluginmanager.has_plugin("cacheprovider"):
            config.cache.set(LEFT_OUT, left)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    by_package: dict[str, Counter[str]] = defaultdict(Counter)
    for node, package in left_out(config).items():
        by_package[package][node.partition("[")[0]] += 1
    if by_package:
        total = sum(map(Counter.total, by_package.values()))
        terminalreporter.section(f"{total} tests or files of tests left out: a package is not installed")
    for package, nodes in sorted(by_package.items()):
        named = ", ".join(f"{node} ({count})" if count > 1 else node for node, count in sorted(nodes.items()))
        terminalreporter.line(f"{package} ({nodes.total()}): {named}")


def left_out(config: pytest.Config) -> dict[str, str]:
    """What `pytest.importorskip` skipped so far."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    left = {}
    for report in reporter.stats.get("skipped", ()) if reporter else ():
        match = re.search(r"could not import '(\w+)", str(report.longrepr))
        if match:
            left[report.nodeid] = match[1]
    return left
