"""Count the lines of contract code for each step: what a city's contract costs to write and to read.

    python tools/contract_lines.py MODULE …

Blank lines, docstrings, comments and imports do not count; guards, invariants, roles and records do.
"""

import argparse
import ast
import importlib
import inspect
import io
import sys
import tokenize
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_IGNORED = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}


def code_lines(source: str) -> int:
    """Return how many lines of a module have code."""
    left = set()
    for node in ast.walk(ast.parse(source)):
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if is_text or isinstance(node, ast.Import | ast.ImportFrom):
            left |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    found = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _IGNORED and token.string:
            found |= set(range(token.start[0], token.end[0] + 1))
    return len(found - left)


def main() -> None:
    """Print lines, steps and lines a step of the modules that the command line names."""
    sys.path.insert(0, str(ROOT))
    from pyfabric_municipal.common.steps import Step

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="+", metavar="MODULE")
    lines = steps = 0
    for name in parser.parse_args().modules:
        module = importlib.import_module(name)
        lines += code_lines(inspect.getsource(module))
        steps += sum(
            isinstance(getattr(function, "step", None), Step)
            for one in vars(module).values()
            if inspect.isclass(one) and one.__module__ == name
            for function in vars(one).values()
        )
    print(f"{lines} lines, {steps} steps: {lines / max(steps, 1):.1f} lines a step")


if __name__ == "__main__":
    main()
