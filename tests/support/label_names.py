"""Names that a label can have, and names that it can't have. The functions and the container have the same rules."""

GOOD = [
    "happy",
    "a",
    "x" * 64,
    "ü" * 32,
    "red circle",
    "class.1",
    "日本語",
    "it's",
    "100%",
    "a&b=c?d#e",
    "<b>",
]
# Each name, and a word of the rule that it breaks.
BAD = [
    ("", "bytes"),
    ("x" * 65, "bytes"),
    ("ü" * 33, "bytes"),
    ("a\nb", "printable"),
    ("a\tb", "printable"),
    ("a\x00b", "printable"),
    ("a\u00a0b", "printable"),
    ("a\u200bb", "printable"),
    ("\ud800", "printable"),
    (" happy", "space"),
    ("happy ", "space"),
    (" ", "space"),
    ("a,b", "characters"),
    ("a/b", "characters"),
    ("a\\b", "characters"),
    ('a"b', "characters"),
    (".hidden", "dot"),
]
# Pairs that differ as strings, but can't be names of one model.
SAME = [("happy", "Happy"), ("straße", "STRASSE"), ("a", "a")]
