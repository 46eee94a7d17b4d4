"""The page at the API's root, as a person uses it in a browser."""
