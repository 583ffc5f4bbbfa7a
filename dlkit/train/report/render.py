"""The page, from the files of a run: masthead, sections, style."""

import pathlib
import re
from collections.abc import Sequence

from dlkit import plots
from dlkit.plots import labels
from dlkit.train.report import headline, parts, phrases
from dlkit.train.report import page as html
from dlkit.train.report.collect import RunFiles
from dlkit.train.report.embed import escape

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="dlkit {version}">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
{masthead}<main>
{sections}</main>
<footer><p>{footer}</p></footer>
</body>
</html>
"""


def page(run: RunFiles, sections: Sequence[plots.Section]) -> str:
    """Returns the whole page as text."""
    blocks = [parts.what(run), parts.curves(run)]
    blocks += parts.unevaluated(run)
    blocks += _of_task(sections, set(parts.TITLES))
    blocks += [parts.throughput(run), parts.environment(run), parts.config(run)]
    blocks += [parts.reproduce(run)]
    version = run.env.get("dlkit", "")
    return _PAGE.format(
        policy=escape(POLICY).replace("&#x27;", "'"),
        version=escape(version),
        title=escape(f"{labels.clean(phrases.title(run))} – training report"),
        style=pathlib.Path(__file__).with_name("report.css").read_text(encoding="utf-8"),
        masthead=_masthead(run, [(anchor, title) for anchor, title, _ in blocks]),
        sections="".join(section for _, _, section in blocks),
        footer=escape(f"Written by dlkit {version} from the files of the run folder alone."),
    )


def _masthead(run: RunFiles, contents: Sequence[tuple[str, str]]) -> str:
    started = run.env.get("started")
    when = f" · {phrases.moment(started)}" if started else ""
    status = run.state.get("status") or "unfinished"
    links = "".join(
        f'<li><a href="#{escape(anchor)}">{escape(title)}</a></li>' for anchor, title in contents
    )
    return (
        f'<header id="headline">\n<p class="eyebrow">Training report{escape(when)}'
        f' · <span class="status">{escape(status)}</span></p>\n'
        f"<h1>{escape(labels.clean(phrases.title(run)))}</h1>\n"
        f"{headline.html(run)}"
        f'<nav aria-label="Contents"><ul>{links}</ul></nav>\n</header>\n'
    )


def _of_task(sections: Sequence[plots.Section], taken: set[str]) -> list[tuple[str, str, str]]:
    """Sets the task's sections, each under an anchor that no other has."""
    blocks = []
    for given in sections:
        anchor = wanted = re.sub(r"[^a-z0-9]+", "-", given.id.lower()).strip("-") or "section"
        copies = 1
        while anchor in taken:
            copies += 1
            anchor = f"{wanted}-{copies}"
        taken.add(anchor)
        picture = html.figures(given.figure, anchor, given.alt)
        rows = html.table(given.table, given.title) if given.table else ""
        body = html.pair(given.figure, picture, rows)
        blocks.append((anchor, given.title, html.section(anchor, given.title, body, given.text)))
    return blocks
