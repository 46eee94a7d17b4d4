"""The sample photos: a group of people, and nobody."""

from local.paths import ALL_SAMPLES

GROUP = (ALL_SAMPLES / "photos" / "group.jpg").read_bytes()
PEOPLE = 7
NOBODY = (ALL_SAMPLES / "photos" / "studio.jpg").read_bytes()
