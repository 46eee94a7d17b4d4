"""Lines as training jobs write them to their logs."""


def built_in_lines(epoch: int, train_accuracy: float, validation_accuracy: float) -> list[str]:
    """Returns what the built-in algorithm writes for one epoch, counted from 0."""
    stamp = "[01/02/2026 03:04:05 INFO 140484553713472]"
    return [
        f"{stamp} Epoch[{epoch}] Batch [20]#011Speed: 20.26 samples/sec#011accuracy=0.275298",
        f"{stamp} Epoch[{epoch}] Train-accuracy={train_accuracy}",
        f"{stamp} Epoch[{epoch}] Time cost=14.863",
        f"{stamp} Epoch[{epoch}] Validation-accuracy={validation_accuracy}",
        f'{stamp} Saved checkpoint to "/opt/ml/model/image-classification-{epoch + 1:04}.params"',
    ]
