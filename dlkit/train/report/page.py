"""The elements the page is made of. All text passes through `escape` here and nowhere else."""

import re
from collections.abc import Sequence

from matplotlib.figure import Figure

from dlkit.train.report import embed
from dlkit.train.report.embed import escape

TILE_WIDTH = 170  # figures up to this wide are tiles, set as many to a row as fit
PANEL_WIDTH = 440  # up to this wide, two to a row

_NUMBER = re.compile(r"[–+-]|[+-]?[\d.,]+(e[+-]?\d+)?( ?(%|s|ms|×|images/s|examples/s))?")


def section(anchor: str, title: str, body: str, text: str = "") -> str:
    """Returns a section: its heading and prose at the side, its body beside them."""
    prose = "".join(f"<p>{escape(part)}</p>" for part in text.split("\n") if part.strip())
    return (
        f'<section id="{escape(anchor)}" aria-labelledby="{escape(anchor)}-title">\n'
        f'<div class="aside"><h2 id="{escape(anchor)}-title">{escape(title)}</h2>{prose}</div>\n'
        f'<div class="body">{body}</div>\n</section>\n'
    )


def table(rows: Sequence[Sequence[object]], caption: str) -> str:
    """Returns a table that scrolls inside itself; the first row heads it, numbers align right."""
    head, *rest = [[str(cell) for cell in row] for row in rows]
    numeric = [
        bool(rest) and all(_NUMBER.fullmatch(row[k]) for row in rest if k < len(row) and row[k])
        for k in range(len(head))
    ]
    numeric[0] = False  # the first column names the row
    kind = [' class="number"' if is_number else "" for is_number in numeric]
    heads = "".join(f'<th scope="col"{kind[k]}>{escape(cell)}</th>' for k, cell in enumerate(head))
    lines = []
    for row in rest:
        cells = "".join(
            f"<td{kind[k] if k < len(kind) else ''}>{escape(cell)}</td>"
            for k, cell in enumerate(row)
            if k
        )
        named = f'<th scope="row">{escape(row[0] if row else "")}</th>'
        lines.append(f"<tr>{named}{cells}</tr>")
    name = escape(caption)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{name}"><table>'
        f'<caption class="unseen">{name}</caption><thead><tr>{heads}</tr></thead>\n'
        f"<tbody>{chr(10).join(lines)}</tbody></table></div>\n"
    )


def facts(pairs: Sequence[tuple], kind: str = "facts") -> str:
    """Returns names and values, one pair after another; a third item is a note to the value."""
    items = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd>"
        + "".join(f'<dd class="note">{escape(text)}</dd>' for text in note if text)
        + "</div>"
        for name, value, *note in pairs
    )
    return f'<dl class="{kind}">{items}</dl>\n'


def code(text: str, what: str) -> str:
    """Returns a block that one click selects whole, to be copied."""
    return (
        f'<pre tabindex="0" role="region" aria-label="{escape(what)}">'
        f"<code>{escape(text)}</code></pre>\n"
    )


def figures(drawn: Figure | Sequence[Figure] | None, prefix: str, alt: str = "") -> str:
    """Returns a figure, or several as tiles, panels or one above the other, by their width."""
    if drawn is None:
        return ""
    several = [drawn] if isinstance(drawn, Figure) else list(drawn)
    widest = max((embed.width_of(one) for one in several), default=0)
    kind = "panels" if widest <= PANEL_WIDTH else "stack"
    if len(several) > 1 and widest <= TILE_WIDTH:
        kind = "tiles"
    alone = alt if len(several) == 1 else ""
    items = "".join(
        f'<figure class="scroll">{embed.inline(one, f"{prefix}-{place}", alone)}</figure>\n'
        for place, one in enumerate(several)
    )
    label = f' role="group" aria-label="{escape(alt)}"' if alt and not alone else ""
    return f'<div class="{kind}"{label}>\n{items}</div>\n'


def pair(drawn: object, figure: str, table: str) -> str:
    """Sets a table beside a figure that leaves it the room, else below."""
    if figure and table and isinstance(drawn, Figure) and embed.width_of(drawn) <= PANEL_WIDTH + 40:
        return f'<div class="pair">{figure}{table}</div>\n'
    return figure + table
