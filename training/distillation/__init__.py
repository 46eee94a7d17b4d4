"""Teachers label the training images for a smaller network."""
