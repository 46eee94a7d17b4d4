"""What strangers wrote is printed as it is: it can't change the rest of the output."""

import io
import json

import pytest
from rich.console import Console
from rich.table import Table

from cli import exit_with_error, literal, printable, printable_json
from local.demo import ClassifiedFolder
from local.report import print_report
from operate.__main__ import print_json
from operate.__main__ import print_report as print_dead_letters
from operate.dead_letters import DeadLetter

# Markup of rich, an emoji code, a color, a title of the terminal, C1's CSI, a change of direction, half a surrogate.
HOSTILE = ["a[/b].png", "face [copy].png", "a:smile:.png", "\x1b[31mred", "\x1b]0;title\x07", "\x9b2J", "\u202egnp.a"]


def printed(text: str) -> str:
    output = io.StringIO()
    console = Console(file=output, width=200, force_terminal=True, color_system=None)
    console.print(literal(text))
    table = Table("image")
    table.add_row(literal(text))
    console.print(table)
    return output.getvalue()


@pytest.mark.parametrize("text", [*HOSTILE, "half \ud800"], ids=ascii)
def test_a_strangers_text_is_shown_without_markup_and_without_control_characters(text: str) -> None:
    shown = printed(text)
    assert shown.count(printable(text)) == 2
    assert shown.replace("\n", "").isprintable()


def test_readable_names_are_not_changed() -> None:
    assert printable("Zoë 1 名前 🙂.png") == "Zoë 1 名前 🙂.png"
    assert printable("a\nb\x1b") == "a\\nb\\x1b"


@pytest.mark.parametrize("text", [*HOSTILE, "half \ud800", "tag \U000e0041"], ids=ascii)
def test_json_has_no_control_characters_and_the_same_value(text: str) -> None:
    shown = printable_json(json.dumps({"key": text}, ensure_ascii=False) + "\n")
    assert shown.removesuffix("\n").isprintable()
    assert json.loads(shown) == {"key": text}


def test_an_error_keeps_its_lines_but_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        exit_with_error(ValueError("first [b] line\nsecond \x1b[2J"))
    assert capsys.readouterr().err == "first [b] line\nsecond \\x1b[2J\n"


def test_the_report_of_the_demo_shows_every_name() -> None:
    document = {"status": "rejected", "detail": "It is [not] an image.", "reason": "not_an_image"}
    output = io.StringIO()
    report = ClassifiedFolder(dict.fromkeys(HOSTILE, document), HOSTILE, skipped={}, seconds=1.0)
    print_report(report, Console(file=output, width=200, force_terminal=True, color_system=None))
    shown = output.getvalue()
    assert all(shown.count(printable(name)) == 2 for name in HOSTILE)
    assert "It is [not] an image." in shown
    assert shown.replace("\n", "").isprintable()


def letter(text: str) -> DeadLetter:
    return DeadLetter("m", "r", body=text, reason=text, attempts=1, since=0.0, sent=0.0)


def test_the_report_of_dead_letters_shows_every_body_and_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    output = io.StringIO()
    console = Console(file=output, width=200, force_terminal=True, color_system=None)
    monkeypatch.setattr("operate.__main__.console", console)
    print_dead_letters([letter(text) for text in HOSTILE], len(HOSTILE), "mien", "")
    shown = output.getvalue()
    assert all(shown.count(printable(text)) == 3 for text in HOSTILE)
    assert shown.replace("\n", "").isprintable()


def test_dead_letters_as_json_have_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    print_json([letter(text) for text in HOSTILE])
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["body"] for line in lines] == HOSTILE
    assert all(line.isprintable() for line in lines)
