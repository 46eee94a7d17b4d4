"""The classification steps in their order, over the AWS calls in `aws` and the decisions in `logic`."""
