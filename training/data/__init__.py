"""Training data: FER2013's CSV or a folder of images → splits → files that training jobs read → S3."""
