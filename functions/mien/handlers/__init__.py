"""The entry points of the three Lambda functions: `handler` in inbox.py, api.py and page.py."""
