#!/usr/bin/env bash
# Guess: while a rich Live display runs, `console.print("failed", style="red")` prints one red line above it.
# Seen: rich 15.0.0 draws the live table again in the same call, and in red too, until the next refresh. `print("[red]failed[/]")` and
#   `print(Text("failed", style="red"))` leave the table as it is.
# Why it matters: in a production table for several boards, each row turns red when one board fails.
. "$(dirname "$0")/prepare"
python_packages rich==15.0.0
expect "the table red after style=, Text, markup" "$("$python" - <<'P'
import io

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

out = io.StringIO()
console = Console(file=out, force_terminal=True, width=30, color_system="standard")
table = Table(show_header=False, box=None)
table.add_row("board 1 passed")
red = []
with Live(table, console=console, auto_refresh=False):
    for text, options in (("failed", {"style": "red"}), (Text("failed", style="red"), {}), ("[red]failed[/]", {})):
        out.seek(0)
        out.truncate(0)
        console.print(text, **options)
        red.append("\x1b[31mboard 1 passed" in out.getvalue())
print(*red)
P
)" "True False False"
