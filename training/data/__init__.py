"""Training data: FER2013's CSV → splits → files that training jobs read → S3."""
