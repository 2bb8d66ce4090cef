#!/usr/bin/env python3
"""The developer's commands. They are in the folder dev; `python3 dev.py --help` lists them."""

# Every Python can read this file. dev/__init__.py says it if the Python is too old.
import os
import runpy
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
runpy.run_module("dev", run_name="__main__", alter_sys=True)
