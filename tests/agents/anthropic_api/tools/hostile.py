"""What a hostile model asks for, one line each: what, with which arguments, and what it has to be told.

`{root}` and `{base}` stand for the workspace of `tests.workspace.traps`, and for the directory that it lies in.
"""

from typing import Any, NamedTuple

from tests.workspace.traps import TARGET

KEY = "sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789"
FIXTURES = "tests/fixtures/test_shop"
NOTHING: dict[str, Any] = {}


class Case(NamedTuple):
    """One call: what it is after, the tool, its arguments, and a part of the answer."""

    name: str
    tool: object
    arguments: object
    said: str


def read(name: str, path: object, said: str) -> Case:
    return Case(f"read {name}", "read_file", {"path": path}, said)


def write(name: str, path: object, said: str, content: object = "ours\n") -> Case:
    return Case(f"write {name}", "write_file", {"path": path, "content": content}, said)


def command(name: str, argv: object, said: str) -> Case:
    return Case(f"run {name}", "run_command", {"argv": argv}, said)


DOTS, OUT, LINK = "has no .. in it", "outside of the workspace", "leads out of"
STATE, DOT, KEYS = "the state of git, or of covey", "begin with a dot", "holds keys"
READ_ONLY, LOOKS, CONTROLS = "may be read, not written", "only look like", "no path has here"

READS = [
    read("the directory above", "../outside/secret.txt", DOTS),
    read("up from below", "src/../../outside/secret.txt", DOTS),
    read("up and down inside", "src/../pyproject.toml", DOTS),
    read("up in an absolute path", "{root}/../outside/secret.txt", DOTS),
    read("an absolute path", "/etc/passwd", OUT),
    read("an absolute path with two slashes", "//etc/passwd", OUT),
    read("a neighbour whose name begins like ours", "{root}-beside/secret.txt", OUT),
    read("the whole disk", "/", OUT),
    read("our environment", "/proc/self/environ", OUT),
    read("the root of the process", "/proc/self/root/etc/passwd", OUT),
    read("an open file of ours", "/dev/fd/0", OUT),
    read("standard input", "/dev/stdin", OUT),
    read("a home directory", "~/.ssh/id_rsa", DOT),
    read("a variable", "$HOME/secret.txt", "No such file"),
    read("an address", "file:///etc/passwd", "No such file"),
    read("a link out", "notes.txt", LINK),
    read("an absolute link out", "absolute.txt", LINK),
    read("a directory that is a link out", "away/secret.txt", LINK),
    read("a chain of links", "one", LINK),
    read("links in a circle", "circle/x", "symbolic links"),
    read("a link to our environment", "environ.txt", LINK),
    read("a magic link", "here/secret.txt", LINK),
    read("a link to nothing", "dangling.txt", "No such file"),
    read("git's hooks, over a link inside", "hooks/pre-commit", STATE),
    read("a second name of a file outside", "twin.txt", "hard links"),
    read("a pipe", "pipe", "not a regular file"),
    read("a socket", "socket", "not a regular file"),
    read("a directory", "src", "Is a directory"),
    read("what is below a file", "pyproject.toml/x", "Not a directory"),
    read("git's state", ".git/config", STATE),
    read("git's state in capitals", ".GIT/config", STATE),
    read("git's state with a dot at its end", ".git./config", STATE),
    read("git's state with an invisible character", ".g\u200cit/config", STATE),
    read("git's state in wide characters", "\uff0egit/config", STATE),
    read("covey's database", ".covey/covey.db", STATE),
    read("secrets of the user", ".env", DOT),
    read("code that runs by itself", ".envrc", DOT),
    read("an environment", ".venv/bin/python", DOT),
    read("a private key", "keys/server.pem", KEYS),
    read("a private key in capitals", "keys/Server.KEY", KEYS),
    read("a private key of ssh", "keys/id_ed25519", KEYS),
    read("a file of secrets", "secrets.toml", KEYS),
    read("backslashes", "..\\..\\outside\\secret.txt", "backslash"),
    read("a sign that looks like two dots", "\u2025/outside/secret.txt", LOOKS),
    read("wide dots", "\uff0e\uff0e/outside/secret.txt", LOOKS),
    read("wide slashes", "src\uff0f..\uff0f..\uff0foutside", LOOKS),
    read("a NUL", "src/shop.py\0.md", CONTROLS),
    read("an escape", "src/\x1b]0;x\x07shop.py", CONTROLS),
    read("a line end", "src/shop.py\n../x", CONTROLS),
    read("a name that is turned round", "src/\u202eyp.pohs", CONTROLS),
    read("half a character", "src/\ud800.py", "valid string"),
    read("a name that is too long", "x" * 300, "file system holds at most 255"),
    read("a path that is too long", "/".join(["x" * 203] * 20), "file system holds at most 4095"),
    read("an endless path", "x/" * 100_000, "at most 4096 characters"),
    read("a huge file", "src/huge.txt", "larger than"),
    read("what is no text", "src/binary.bin", "not UTF-8"),
    read("text with NULs", "src/nul.txt", "NUL characters"),
    read("no path", "", "the path is empty"),
    read("blanks", "  ", "the path is empty"),
    Case("read beyond the end", "read_file", {"path": "src/shop.py", "offset": 9}, "has only 2 lines"),
    Case("read from before the beginning", "read_file", {"path": "src/shop.py", "offset": -1}, "greater than or equal"),
    Case("read a line without end", "read_file", {"path": "src/shop.py", "offset": 10**400}, "less than or equal"),
]

WRITES = [
    write("outside", "../outside/new.txt", DOTS),
    write("outside by an absolute path", "{base}/outside/new.txt", OUT),
    write("outside over a link", f"{FIXTURES}/away/new.txt", "leads over a link"),
    write("over a link to a file outside", f"{FIXTURES}/link.txt", "is a link"),
    write("the code over a link among its fixtures", f"{FIXTURES}/inside/new.py", "leads over a link"),
    write("over a second name of a file outside", f"{FIXTURES}/twin.txt", "hard links"),
    write("up from where it may", f"{FIXTURES}/../../../new.txt", DOTS),
    write("the component's code", "src/shop.py", READ_ONLY),
    write("a file beside its own", "tests/test_other.py", READ_ONLY),
    write("its own in capitals", "tests/TEST_SHOP.py", READ_ONLY),
    write("beside its fixtures", f"{FIXTURES}2/new.txt", READ_ONLY),
    write("its fixtures themselves", FIXTURES, READ_ONLY),
    write("what runs before all tests", "tests/conftest.py", READ_ONLY),
    write("what runs before its tests", f"{FIXTURES}/conftest.py", "run by itself"),
    write("what runs with every Python", "sitecustomize.py", READ_ONLY),
    write("a path configuration", f"{FIXTURES}/a.pth", "run by itself"),
    write("a package", f"{FIXTURES}/__init__.py", "run by itself"),
    write("a hook of git", ".git/hooks/pre-commit", STATE),
    write("a hook of git, over a link", "hooks/post-commit", READ_ONLY),
    write("git's attributes among its fixtures", f"{FIXTURES}/.gitattributes", DOT),
    write("an environment for every shell", ".envrc", DOT),
    write("a task of an editor", ".vscode/tasks.json", DOT),
    write("covey's state", ".covey/covey.db", STATE),
    write("the settings", "pyproject.toml", READ_ONLY),
    write("a name that is too long", f"{FIXTURES}/{'x' * 300}", "file system holds at most 255"),
    write("half a character", TARGET, "valid string", "a\ud800"),
    write("too much", TARGET, "at most 1000000 characters", "x" * 1_000_001),
    write("a credential", TARGET, "hold a credential", f"# {KEY}\n"),
    write("nothing but a number", TARGET, "valid string", 7),
    Case("edit the code", "edit_file", {"path": "src/shop.py", "old": "3", "new": "4"}, READ_ONLY),
    Case("edit what is not there", "edit_file", {"path": TARGET, "old": "a", "new": "b"}, "No such file"),
    Case(
        "edit the code over a link",
        "edit_file",
        {"path": f"{FIXTURES}/inside/shop.py", "old": "3", "new": "4"},
        "a link",
    ),
    Case("edit over a link", "edit_file", {"path": f"{FIXTURES}/link.txt", "old": "a", "new": "b"}, "is a link"),
    Case("edit nothing", "edit_file", {"path": TARGET, "old": "", "new": "b"}, "at least 1 character"),
]

LOOKS_AROUND = [
    Case("list above", "list_files", {"path": ".."}, DOTS),
    Case("list the whole disk", "list_files", {"path": "/"}, OUT),
    Case("list a link out", "list_files", {"path": "away"}, LINK),
    Case("list git's state", "list_files", {"path": ".git"}, STATE),
    Case("list by a hostile pattern", "list_files", {"path": ".", "pattern": "*[" * 100}, "nothing like this"),
    Case("list what is not there", "list_files", {"path": "nothing"}, "No such file"),
    Case("list a pipe", "list_files", {"path": "pipe"}, "not a regular file"),
    Case("search above", "search_text", {"path": "..", "pattern": "."}, DOTS),
    Case("search a link out", "search_text", {"path": "away", "pattern": "."}, LINK),
    Case("search for what is outside", "search_text", {"pattern": "outside-|sk-ant"}, "nothing matches"),
]

PROGRAMS = [
    command("what is not allowed", ["sh", "-c", "cat /etc/passwd"], "not allowed here"),
    command("what begins like it", ["echoes"], "not allowed here"),
    command("a path to what is allowed", ["/bin/echo", "x"], "not allowed here"),
    command("it through a shell", "echo x; cat /etc/passwd", "valid list"),
    command("nothing", [], "at least 1 item"),
    command("a file outside", ["cat", "../outside/secret.txt"], "out of the workspace"),
    command("an absolute file", ["cat", "/etc/passwd"], "out of the workspace"),
    command("a file in an option", ["cat", "--file=/etc/passwd"], "out of the workspace"),
    command("a home directory", ["cat", "~/.ssh/id_rsa"], "out of the workspace"),
    command("with a NUL", ["echo", "a\0b"], "NUL character"),
    command("with a credential", ["echo", KEY], "hold a credential"),
    command("with more than a program takes", ["echo"] * 201, "at most 200 items"),
    command("what is not installed", ["not-a-program"], "not on the PATH"),
    Case("test another file", "run_tests", {"file": "../outside"}, "Extra inputs are not permitted"),
]

CALLS = [
    Case("an unknown tool", "delete_file", {"path": TARGET}, "there is no tool"),
    Case("a tool that is named like a credential", f"tool-{KEY}", NOTHING, "[credential]"),
    Case("an argument that is named like a credential", "read_file", {KEY: KEY}, "[credential]"),
    Case("a tool of half a character", "read\ud800", NOTHING, "there is no tool"),
    Case("a tool that is no name", ["read_file"], NOTHING, "there is no tool"),
    Case("no arguments", "read_file", None, "valid dictionary"),
    Case("a list of arguments", "read_file", ["src/shop.py"], "valid dictionary"),
    Case("arguments as text", "read_file", '{"path": "src/shop.py"}', "valid dictionary"),
    Case("a missing argument", "write_file", {"path": TARGET}, "Field required"),
    Case("an argument too many", "read_file", {"path": "src/shop.py", "follow": True}, "Extra inputs"),
    Case("an argument of half a character", "read_file", {"path": "src/shop.py", "\ud800": 1}, "read_file: "),
    Case("a number as text", "read_file", {"path": "src/shop.py", "limit": "9"}, "valid integer"),
    Case("true as a number", "read_file", {"path": "src/shop.py", "limit": True}, "valid integer"),
    Case("a path that is a list", "read_file", {"path": ["src/shop.py"]}, "valid string"),
    Case("a blank question", "ask_human", {"question": ""}, "at least 1 character"),
    Case("a question with a credential", "ask_human", {"question": f"is it {KEY}?"}, "hold a credential"),
    Case("an endless question", "ask_human", {"question": "?" * 10_000}, "at most 8000 characters"),
]

CASES = [*READS, *WRITES, *LOOKS_AROUND, *PROGRAMS, *CALLS]
