"""A study put together: every chapter's facts, the verdict, and what is rendered of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from basislab._version import VERSION
from basislab.data import checked
from basislab.data.build.resample import to_daily
from basislab.report import words
from basislab.report.chapter import Chapter
from basislab.report.chapters import chapters, template
from basislab.report.fields import FORMAT, flat, plain, rounded
from basislab.report.render.document import About, Document, chapter_text
from basislab.report.render.downloads import Download
from basislab.report.render.terminal import Screen
from basislab.report.spec import StudySpec
from basislab.report.study.market import HurdleFacts, MarketFacts, hurdle_facts, market_facts
from basislab.report.study.runs import Runs
from basislab.report.study.verdict import Verdict, study_verdict
from basislab.report.tables import Table
from basislab.types.market import Market

Progress = Callable[[str], None]

ORDER: tuple[str, ...] = (
    *("market", "quality", "hurdle", "matrix", "triggers", "fees", "event_logs"),
    *("fee_sensitivity", "waterfall", "neutrality", "models", "venues", "entry", "breakeven"),
    *("certificates", "engine", "constants", "rates", "months", "static", "scaling"),
    *("rotation_fees", "breakeven_grid", "minimum_funding", "conditional_grid", "cycles"),
    *("venue_triggers", "venue_matrix", "venue_gap", "risks", "published"),
)
"""Order of the facts in their file; facts that are not named here follow."""


def study_runs(market: Market, spec: StudySpec, *, accept_quality: bool = False) -> Runs:
    """Return the runs of a study over its window; nothing is computed yet.

    Raises
    ------
    DataError
        The market's data have errors and are not accepted as they are.
    """
    checked(market, accept_quality=accept_quality)
    stored = market.window(spec.start, spec.end)
    return Runs(to_daily(stored), spec, stored)


def study_report(runs: Runs, progress: Progress | None = None) -> Report:
    """Compute a study; `progress` is told the name of each chapter before it is computed.

    Raises
    ------
    ConfigError, DataError
        The market lacks what the study needs.
    """
    known = chapters()
    parts: dict[str, Any] = {}
    reasons: list[str] = []
    for name, chapter in known.items():
        if progress is not None:
            progress(name)
        parts[name] = runs.once(chapter.facts)
        reasons += chapter.reasons(runs, parts[name])
    verdict = runs.once(study_verdict)
    return Report(
        runs=runs,
        chapters=known,
        parts=parts,
        verdict=replace(verdict, reasons=(*verdict.reasons, *reasons)),
    )


@dataclass(frozen=True, kw_only=True)
class Report:
    """A computed study.

    Parameters
    ----------
    chapters : mapping of str to Chapter
        All that are known, whether the document shows them or not.
    parts : mapping of str to dataclass
        The facts of every chapter.
    """

    runs: Runs
    chapters: Mapping[str, Chapter[Any]]
    parts: Mapping[str, Any]
    verdict: Verdict

    @property
    def market(self) -> MarketFacts:
        """The window."""
        return self.runs.once(market_facts)

    @property
    def hurdle(self) -> HurdleFacts:
        """What the quote coin earned."""
        return self.runs.once(hurdle_facts)

    @cached_property
    def facts(self) -> dict[str, Any]:
        """Every number of the study, JSON-ready: ``facts.json``."""
        spec = self.runs.spec
        body = {"market": self.market, "hurdle": self.hurdle}
        for part in self.parts.values():
            body |= flat(part)
        first = {key: body.pop(key) for key in ORDER if key in body}
        return {
            "version": FORMAT,
            "basislab": VERSION,
            "study": rounded(spec.model_dump(mode="json")),
            "focus": rounded({"leverage": spec.focus, "capital_usd": spec.capital_usd}),
            **plain(first | body),
            **plain({"verdict": self.verdict, "findings": self.sentences}),
        }

    @cached_property
    def sentences(self) -> dict[str, Sequence[str]]:
        """What the facts say, by chapter."""
        return {
            name: list(chapter.sentences(self.runs, self.parts[name]))
            for name, chapter in self.chapters.items()
            if chapter.sentences is not None
        }

    @cached_property
    def tables(self) -> dict[str, dict[str, list[Table]]]:
        """The tables of every chapter, by the name that its template uses."""
        return {
            name: {
                key: list(tables)
                for key, tables in chapter.tables(self.runs, self.parts[name]).items()
            }
            for name, chapter in self.chapters.items()
        }

    def screen(self) -> Screen:
        """Return what a terminal shows."""
        lines = [_header(self.runs.spec, self.market, self.hurdle)]
        for name, chapter in self.chapters.items():
            lines += chapter.lines(self.runs, self.parts[name])
        numbered = [
            table
            for own in self.tables.values()
            for tables in own.values()
            for table in tables
            if table.number
        ]
        return Screen(
            title=self.runs.spec.title,
            lines=lines,
            headline=self.verdict.headline,
            reasons=self.verdict.reasons,
            limits=self.verdict.limits,
            tables=sorted(numbered, key=lambda table: table.number[0]),
        )

    def document(self) -> Document:
        """Return the chapters that the study shows, rendered."""
        shown = {name: self.chapters[name] for name in self._shown()}
        figures = {
            figure.key: figure
            for name, chapter in shown.items()
            for figure in chapter.figures(self.runs, self.parts[name])
        }
        downloads: dict[str, Download] = {}
        for name, chapter in shown.items():
            downloads |= chapter.downloads(self.runs, self.parts[name])
        tables = {
            name: {
                key: [table.written_out() for table in tables if table.rows]
                for key, tables in self.tables[name].items()
            }
            for name in shown
        }
        return Document(
            about=self._about(),
            chapters={
                name: chapter_text(
                    template(name),
                    tables=tables[name],
                    figures=figures,
                    has_data=bool(downloads),
                    names={
                        "facts": self._namespace(name),
                        "say": self.sentences.get(name, ()),
                        **chapter.names,
                    },
                )
                for name, chapter in shown.items()
            },
            tables={key: own for name in shown for key, own in tables[name].items()},
            figures=figures,
            downloads=downloads,
        )

    def _shown(self) -> Iterator[str]:
        for name, chapter in self.chapters.items():
            is_wanted = name in self.runs.spec.chapters or not chapter.is_optional
            if is_wanted and chapter.is_shown(self.runs, self.parts[name]):
                yield name

    def _namespace(self, name: str) -> SimpleNamespace:
        """Return what a chapter's template may name: its own facts, and those that all share."""
        return SimpleNamespace(
            study=self.runs.spec,
            market=self.market,
            hurdle=self.hurdle,
            verdict=self.verdict,
            **flat(self.parts[name]),
        )

    def _about(self) -> About:
        spec, market = self.runs.spec, self.market
        return About(
            study=spec.name,
            title=spec.title,
            asset=market.asset,
            quote=market.quote,
            start=market.start,
            end=market.end,
            bars_count=market.bars_count,
            fingerprint=market.fingerprint,
        )


def _header(spec: StudySpec, market: MarketFacts, hurdle: HurdleFacts) -> str:
    return (
        f"{market.asset}, {market.start} to {market.end}, {market.bars_count} days, "
        f"price {words.percent(market.price_change)}; averages a year: {market.asset} "
        f"lending {words.percent(market.supply_apy, 2)}, {market.quote} borrowing "
        f"{words.percent(market.borrow_apy, 2)}, "
        + ", ".join(
            f"{row.venue} funding {words.percent(row.funding_apy, 2)}" for row in market.funding
        )
        + f". The hurdle, {hurdle.what}: {words.percent(hurdle.mean_apy, 2)} APY on average, "
        f"{words.percent(hurdle.hurdle_return)} over the window. "
        f"Capital {words.usd(spec.capital_usd)} USD unless said otherwise."
    )
