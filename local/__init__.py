"""Runs the whole application on this machine, in an embedded cloud: no AWS account, no Docker."""
