"""Programs that run inside sandboxes, in the kernel's Python: the standard library and what a notebook finds there."""

# What a program has beside it that runs cells: the shell, and what that imports.
SHELL_TOOLS = ("aside.py", "cells.py", "drawing.py", "tracebacks.py")
