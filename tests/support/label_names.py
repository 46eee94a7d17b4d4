"""Names that a label can have, and names that it can't have. The functions and the container have the same rules."""

GOOD = [
    "happy",
    "a",
    "x" * 64,
    "ü" * 64,
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
    ("", "1 to 64 characters"),
    ("x" * 65, "1 to 64 characters"),
    ("a\nb", "control characters"),
    ("a\tb", "control characters"),
    ("a\x00b", "control characters"),
    ("a\x85b", "control characters"),
    ("\ud800", "control characters"),
    (" happy", "space"),
    ("happy ", "space"),
    (" ", "space"),
    ("a,b", "characters"),
    ("a/b", "characters"),
    ("a\\b", "none of the characters"),
    ('a"b', "characters"),
    (".hidden", "dot"),
]
# Pairs that differ as strings, but can't be names of one model.
SAME = [("happy", "Happy"), ("straße", "STRASSE"), ("a", "a")]
# Names of one model that are too long together: 12,800 bytes.
TOO_LONG = [f"{number:064}" for number in range(200)]
