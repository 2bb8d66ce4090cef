#!/usr/bin/env python3
"""The developer's commands, which are in the folder dev: `python3 dev.py --help` lists them."""

# This file is for a Python of any age: dev/__init__.py tells one that is too old.
import os
import runpy
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
runpy.run_module("dev", run_name="__main__", alter_sys=True)
