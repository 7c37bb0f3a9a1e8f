"""Lives through a page: does what it says, in its order, in this folder.

    python page_program.py PAGE [LAST HEADING]

Lines of a shell are typed, flows are written to a file (`class Churn` to churn.py), other Python runs in one session,
as in a notebook. What stands behind `# -> ` must be what the line gives. Ends with the first sentence that is not true.
"""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$|((?:^    [^\n]*\n|^\n(?=    ))+)", re.MULTILINE | re.DOTALL)
_FLOW = re.compile(r"^class (\w+)\(FlowSpec\)", re.MULTILINE)
#: What sets the page's reader up, or waits for somebody to type.
_NOT_TYPED = re.compile(r"^(pip install|make |headwater debug (?!.*--command)|pytest)")


def blocks(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield (python, shell or another language; text; line number) of each block of a page."""
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        if found[3] is None:
            yield found[1], found[2], line
        elif found[3].strip():
            yield "shell", "\n".join(line[4:] for line in found[3].splitlines()), line


def is_part_of_a_flow(python: str) -> bool:
    """Whether a block shows lines of a flow that is not there."""
    return "class " not in python and re.search(r"^ *self\.|\(self\b", python, re.MULTILINE) is not None


def live(page: str, last: str | None) -> None:
    with open(page, encoding="utf-8") as file:
        text = file.read()
    if last is not None:
        text = text[: text.index(f"\n{last}\n")]
    session: dict[str, object] = {"__name__": "page"}
    for kind, block, line in blocks(text):
        if kind == "shell":
            type_in(block, f"{page}:{line}")
        elif kind == "python" and (flow := _FLOW.search(block)):
            with open(f"{flow[1].lower()}.py", "w", encoding="utf-8") as file:
                file.write(block)
        elif kind == "python" and not is_part_of_a_flow(block):
            run_block(block, session, f"{page}:{line}")


def type_in(block: str, where: str) -> None:
    """Type lines into a shell; what is asked wrongly (exit code 2 and above) is a mistake of the page."""
    for typed in filter(None, block.splitlines()):
        if _NOT_TYPED.match(typed):
            continue
        script = f'{typed}\ncode=$?; pwd > "$PAGE_PWD"; exit $code'
        note = os.path.join(os.environ["HEADWATER_HOME"] + ".pwd")
        ended = subprocess.run(
            ["bash", "-c", script],
            env={**os.environ, "PAGE_PWD": note},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if ended.returncode > 1:
            sys.exit(f"{where}: `{typed}` ended with {ended.returncode}\n{ended.stdout}{ended.stderr}")
        with open(note, encoding="utf-8") as file:
            os.chdir(file.read().strip())


def run_block(block: str, session: dict[str, object], where: str) -> None:
    lines = block.splitlines()
    for statement in ast.parse(block).body:
        if not isinstance(statement, ast.Expr):
            exec(compile(ast.Module([statement], []), where, "exec"), session)
            check_inner(statement, lines, session, where)
            continue
        given = eval(compile(ast.Expression(statement.value), where, "eval"), session)
        check(given, lines[(statement.end_lineno or 1) - 1], where)


def check_inner(statement: ast.stmt, lines: list[str], session: dict[str, object], where: str) -> None:
    """Check what stands inside of a `with`, with the names as they are after it."""
    for inner in statement.body if isinstance(statement, ast.With) else []:
        if isinstance(inner, ast.Expr):
            given = eval(compile(ast.Expression(inner.value), where, "eval"), session)
            check(given, lines[(inner.end_lineno or 1) - 1], where)


def check(given: object, line: str, where: str) -> None:
    promised = re.search(r"  # -> (.*)$", line)
    if promised is not None and repr(given) != promised[1]:
        sys.exit(f"{where}: {line.strip()}\nbut it gives {given!r}")


if __name__ == "__main__":
    live(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
