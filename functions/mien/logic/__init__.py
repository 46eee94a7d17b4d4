"""Decisions on plain values: no AWS, no clock of their own, no environment."""
