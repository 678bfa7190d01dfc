"""The documents speak of what is there: links lead somewhere, commands, options and settings exist."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
COMMAND = re.compile(r"manage\.py ([a-z_]+)([^\n`|]*)")
OPTION = re.compile(r"(?<![\w-])--([a-z][a-z-]*)")


def code_of(page: Path) -> str:
    text = page.read_text(encoding="utf-8")
    return "\n".join([*BLOCK.findall(text), *INLINE.findall(BLOCK.sub("", text))]).replace("\\\n", " ")


def options_of(name: str, app: str) -> set[str]:
    parser = load_command_class(app, name).create_parser("manage.py", name)
    return {
        text.removeprefix("--") for action in parser._actions for text in action.option_strings if text.startswith("--")
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    assert not [link for link in links if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_their_options_exist(page: Path) -> None:
    commands = get_commands()
    wrong = []
    for name, words in COMMAND.findall(code_of(page)):
        if name not in commands:
            wrong.append(name)
            continue
        known = options_of(name, str(commands[name]))
        wrong += [f"{name} --{option}" for option in OPTION.findall(words) if option not in known]
    assert not wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_settings_that_are_named_are_settings(page: Path) -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    known = set(re.findall(r"^(ECOG_[A-Z_]+)=", example, re.MULTILINE)) | {"ECOG_TOKEN", "ECOG_TEST_DATABASE"}
    template = (ROOT / "lambdas" / "template.yaml").read_text(encoding="utf-8")
    known |= set(re.findall(r"^ +(ECOG_[A-Z_]+):", template, re.MULTILINE))  # variables of the functions
    assert set(re.findall(r"\bECOG_[A-Z_]*[A-Z]\b", page.read_text(encoding="utf-8"))) <= known


def test_every_page_is_reached_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pages = [page.relative_to(ROOT) for page in PAGES if page.parent == ROOT / "docs"]
    assert not [str(page) for page in pages if str(page) not in readme]


def ours() -> dict[str, str]:
    """Our own commands with their apps."""
    commands = {name: str(app) for name, app in get_commands().items()}
    return {name: app for name, app in commands.items() if (ROOT / app.partition(".")[0]).is_dir()}


def test_every_command_and_every_option_says_what_it_is_for() -> None:
    silent = []
    for name, app in ours().items():
        command = load_command_class(app, name)
        actions = command.create_parser("manage.py", name)._actions
        silent += [f"{name} {action.option_strings or action.dest}" for action in actions if not action.help]
        silent += [] if command.help else [name]
    assert not silent


def test_every_command_of_ours_is_in_the_documents() -> None:
    told = {name for page in PAGES for name, _ in COMMAND.findall(code_of(page))}
    assert ours().keys() - told - {"migrate", "demo"} == set()


def test_the_rule_reads_options() -> None:
    assert "to" in options_of("download", "downloads")
    assert "no-such" not in options_of("download", "downloads")
