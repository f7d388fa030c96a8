"""Training data: the corpus on disk, its features, augmentation, batches."""
