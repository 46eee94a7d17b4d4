"""Tests by what they need: see CONTRIBUTING.md. They import one another as `tests.support`, `tests.corpus` ..."""
