"""The part of a model's card about disturbed images."""

from typing import Any

from training.evaluation.markdown import paragraph


def robustness_section(table: list[dict[str, Any]] | None, things: str) -> str:
    """The accuracy under each disturbance; empty if it was not measured. table: of `measure_robustness`."""
    if not table:
        return ""
    rows = [
        f"| {row['disturbance']} | {row['strength']} | {row['accuracy']:.4f} ± {row['accuracy_error']:.4f} | "
        + ("" if row["disturbance"] == "none" else f"{row['difference']:+.4f} ± {row['standard_error']:.4f}")
        + " |"
        for row in table
    ]
    return "\n\n".join(
        [
            "## Robustness",
            paragraph(
                f"The same {things}, disturbed as photos disturb them. Each accuracy and each change has its standard",
                f"error over the {things}; the change is computed {things[:-1]} by {things[:-1]}. What is outside the",
                "image repeats its edge, so a shifted or larger crop is harder here than one of a whole photo.",
            ),
            "\n".join(["| disturbance | strength | accuracy | change |", "| --- | --- | ---: | ---: |", *rows]),
        ]
    )
