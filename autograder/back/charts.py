"""Plots as SVG inside a page: readable without colour and on a phone, each with its text."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from cattern.checking.words import STATUS

WIDE, TALL, FOOT, HEAD = 360, 170, 34, 16


def histogram(counts: Sequence[int], edges: Sequence[float], title: str, unit: str) -> Markup:
    """Return a histogram.

    Args:
        counts: how many in each bin.
        edges: the bins' edges, one more than `counts`.
        title: what the plot shows, for who cannot see it as well.
        unit: what the edges are, below the axis.
    """
    most, step = max([*counts, 1]), WIDE / max(len(counts), 1)
    said = "; ".join(f"{a:g} to {b:g}: {n}" for a, b, n in zip(edges, edges[1:], counts) if n)
    parts = []
    for i, n in enumerate(counts):
        high = (TALL - FOOT - HEAD) * n / most
        x, y = i * step, TALL - FOOT - high
        parts.append(
            f'<rect class="bar" x="{x + 1:.1f}" y="{y:.1f}" width="{step - 2:.1f}" height="{high:.1f}"/>'
        )
        if n:
            parts.append(f'<text x="{x + step / 2:.1f}" y="{y - 3:.1f}" text-anchor="middle">{n}</text>')
    floor = TALL - FOOT
    parts.append(f'<line class="axis" x1="0" y1="{floor}" x2="{WIDE}" y2="{floor}"/>')
    for i in range(0, len(edges), max(1, len(edges) // 5)):
        anchor = "start" if i == 0 else "end" if i == len(edges) - 1 else "middle"
        parts.append(f'<text x="{i * step:.1f}" y="{floor + 14}" text-anchor="{anchor}">{edges[i]:g}</text>')
    parts.append(f'<text x="{WIDE / 2}" y="{TALL - 4}" text-anchor="middle">{escape(unit)}</text>')
    return _svg(WIDE, TALL, f"{title}. {said}", parts)


def rates(statuses: Mapping[str, int]) -> Markup:
    """Return one bar of how a task went: right is filled, partly right is framed, the rest is empty.

    Args:
        statuses: status of a verdict → how many.
    """
    total = max(1, sum(statuses.values()))
    x, drawn = 1.0, ['<rect class="axis" x="0.5" y="0.5" width="119" height="11" fill="none"/>']
    for status, look in (("pass", "bar"), ("partial", "weak")):
        wide = 118 * statuses.get(status, 0) / total
        if wide:
            drawn.append(f'<rect class="{look}" x="{x:.1f}" y="2" width="{wide:.1f}" height="8"/>')
        x += wide
    said = ", ".join(f"{STATUS[status]}: {n}" for status, n in sorted(statuses.items()))
    return _svg(120, 12, said, drawn)


def _svg(width: int, height: int, said: str, parts: Sequence[str]) -> Markup:
    head = f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" aria-label="{escape(said)}">'
    return Markup(head + "".join(parts) + "</svg>")
