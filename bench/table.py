"""The table of bench/README.md from what `run.py --json` kept.

python bench/table.py one.json [two.json …]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from targets import CELLS, PARTS

HEADS = {("float32", "forward"): "forward f32", ("float32", "both"): "both f32"}
HEADS |= {("float64", "forward"): "forward f64", ("float64", "both"): "both f64"}


def cell(rows: dict[str, dict[str, Any]], threads: int) -> str:
    """Elman / LSTM / GRU: the best rival ÷ rnncalc, and who that is; the targets; the share of the limit; its ratio."""
    if not rows:
        return ""
    best, goals, shares, most = [], [], [], []
    for name in CELLS:
        if name not in rows:
            continue
        row = rows[name]
        times = {who: time / row["seconds"]["rnncalc"] for who, time in row["seconds"].items() if time}
        rival = min((who for who in times if who != "rnncalc"), key=lambda who: times[who])
        best.append(
            f"{'**' if row['best'] >= 1 else ''}{row['best']:.2f}{'**' if row['best'] >= 1 else ''} {rival[:2]}"
        )
        goals.append(f"{row['target']:g}" if row["target"] else "–")
        share = row["limit"] / row["seconds"]["rnncalc"] / threads
        shares.append(f"{100 * share:.0f}")
        ratio = row["best"] / share
        most.append(f"{ratio:.2g}" if ratio < 99.5 else ">99")
    goals = goals[:1] if len(set(goals)) == 1 else goals
    return f"{' / '.join(best)}<br>{'/'.join(goals)}; {'/'.join(shares)} % of {'/'.join(most)}"


def counts(rows: list[dict[str, Any]], threads: int) -> str:
    """How many cases are ahead, and how many targets are reached, or lie beyond what the machine allows."""
    aimed = [row for row in rows if row["target"]]
    missed = [row for row in aimed if row["best"] < row["target"]]
    beyond = [row for row in missed if row["best"] * row["seconds"]["rnncalc"] * threads / row["limit"] < row["target"]]
    rivals = sorted({who for row in rows for who, time in row["seconds"].items() if time and who != "rnncalc"})
    ahead = []
    for who in rivals:
        ratios = [row["seconds"][who] / row["seconds"]["rnncalc"] for row in rows if row["seconds"].get(who)]
        ahead.append(f"{who} in {sum(ratio >= 1 for ratio in ratios)} of {len(ratios)}")
    return (
        f"Ahead of the best rival in {sum(row['best'] >= 1 for row in rows)} of {len(rows)} cases; of "
        f"{', of '.join(ahead)}. Targets: {len(aimed) - len(missed)} of {len(aimed)} reached; of the others "
        f"{len(beyond)} lie beyond the limit.\n"
    )


def main() -> None:
    for name in sys.argv[1:]:
        kept = json.loads(Path(name).read_text(encoding="utf-8"))
        by_size: dict[tuple[int, ...], dict[tuple[str, str], dict[str, Any]]] = {}
        for row in kept["rows"]:
            place = by_size.setdefault(tuple(row["size"]), {}).setdefault((row["dtype"], row["what"]), {})
            place[row["cell"]] = row
        parts = [part for part in PARTS if any(part in cells for cells in by_size.values())]
        versions = ", ".join(f"{who} {version}" for who, version in kept["versions"].items())
        print(f"{kept['cpu']}, {kept['cores']} cores, threads: {kept['threads']}; {versions}\n")
        print(f"| (N, T, D, H) | {' | '.join(HEADS[part] for part in parts)} |")
        print(f"|---|{'---|' * len(parts)}")
        for size, cells in by_size.items():
            print(f"| {size} | {' | '.join(cell(cells.get(part, {}), kept['threads']) for part in parts)} |")
        print(f"\n{counts(kept['rows'], kept['threads'])}")


if __name__ == "__main__":
    main()
